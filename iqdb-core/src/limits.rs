//! The limits every store keeps, as published constants.
//!
//! A value at its limit is accepted, one above is a typed error that changes nothing. The limits
//! bound what a hostile input can cost; they say nothing about how many records a store holds.

/// The most vector fields in one [`Schema`](crate::Schema).
pub const FIELDS_MAX: usize = 16;

/// The largest dimension of a dense field, in components or bits.
pub const DIM_MAX: usize = 65_536;

/// The most terms in one sparse vector.
pub const SPARSE_TERMS_MAX: usize = 65_536;

/// The most rows in one [`Block`](crate::Block). A store with more rows lends more blocks.
pub const BLOCK_ROWS_MAX: usize = 1 << 24;

/// The longest string [`RecordId`](crate::RecordId), in UTF-8 bytes. The empty string is an id.
pub const ID_BYTES_MAX: usize = 512;

/// The most fields in one [`Payload`](crate::Payload).
pub const PAYLOAD_FIELDS_MAX: usize = 1_024;

/// The longest field name, in UTF-8 bytes. The empty name is not allowed.
pub const FIELD_NAME_BYTES_MAX: usize = 256;

/// The most elements in one list [`Value`](crate::Value).
pub const LIST_LEN_MAX: usize = 65_536;

/// The largest [`Payload`](crate::Payload), in bytes as counted by
/// [`Payload::size_bytes`](crate::Payload::size_bytes).
pub const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// The deepest nesting of a [`Filter`](crate::Filter), in operators from the root to a leaf.
pub const FILTER_DEPTH_MAX: usize = 64;

/// The largest [`Filter`](crate::Filter), in terms: operators, predicates and listed values.
pub const FILTER_TERMS_MAX: usize = 65_536;

/// The longest text of a [`Filter`](crate::Filter), in bytes: what the parser reads, and what a
/// filter may print.
pub const FILTER_TEXT_BYTES_MAX: usize = 1 << 20;
