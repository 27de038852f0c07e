//! Pages for admins: people, groups, permissions, tokens, the audit log.
//!
//! Owns: their markup. Each page is a function from what it shows to HTML. They are forms and links, rendered on the server alone:
//! what admins use once a week costs nobody a byte of the browser part, and works without scripts.
//! Must never: ask the domain (the server's doors do, `server/src/admin`), know HTTP, hold state: it is in the address.
//! Start reading: [`frame`], then [`people`]. To add a page: a file here, a line in [`frame::Place`], a door in the server.

mod address;
pub mod audit;
pub mod frame;
pub mod groups;
pub mod people;
pub mod permissions;
pub mod tokens;
mod words;

pub use address::Address;
pub use frame::{Frame, Place};
