//! Pages of share links: making one, one's own, and what a link shows.
//!
//! [`sheet`] is what a link shows: the values and curves of runs, or a table of them, as HTML that needs nothing else; it is also
//! what a snapshot keeps and what is exported. [`page`] puts it into a document, [`form`] makes links and lists them.

pub mod form;
pub mod page;
pub mod sheet;
