//! Pages that the server alone renders: those for admins, those of share links, and what a sign-in link shows.
//!
//! Owns: their markup. Each page is a function from what it shows to HTML: what is seldom used, or seen by people who come once,
//! costs nobody a byte of the browser part, and works without scripts.
//! Must never: ask the domain (the server's doors do: `server/src/admin.rs`, `server/src/share`), know HTTP, hold state: it is in
//! the address. Start reading: [`frame`], then [`admin::people`] or [`share::sheet`].
//! To add a page: a file in the folder of its kind, a door in the server.

mod address;
pub mod admin;
mod document;
pub mod frame;
mod option;
pub mod second_factor;
pub mod share;
pub mod sign_in;
mod table;
mod words;

pub use address::Address;
pub use document::Style;
pub use frame::{Frame, Place};
