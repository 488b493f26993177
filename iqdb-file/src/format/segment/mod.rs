//! The bytes of a segment: header, rows, ids, payloads, index and footer.

pub(crate) mod block_id;
pub(crate) mod footer;
pub(crate) mod header;
pub(crate) mod ids;
pub(crate) mod index;
pub(crate) mod layout;
pub(crate) mod lineage;
