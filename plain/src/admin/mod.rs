//! Pages for admins: people, groups, permissions, tokens, share links, webhooks, the audit log, storage, the
//! server.
//!
//! Each is a form and a table. To add one: a file here, a line in [`crate::frame::Place`], a door in the server.

pub mod audit;
pub mod groups;
pub mod people;
pub mod permissions;
pub mod server;
pub mod storage;
pub mod tokens;
pub mod webhooks;
