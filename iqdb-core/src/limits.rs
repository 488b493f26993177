//! The limits every store keeps, as published constants.
//!
//! A value at its limit is accepted, one above is a typed error that changes nothing. The limits
//! bound what a hostile input can cost; they say nothing about how many records a store holds.

/// The most vector fields in one [`Schema`](crate::Schema).
pub const FIELDS_MAX: usize = 16;

/// The longest name of a vector field, in UTF-8 bytes. The empty name is not allowed.
pub const FIELD_NAME_BYTES_MAX: usize = 256;

/// The largest dimension of a dense field, in components or bits.
pub const DIM_MAX: usize = 65_536;

/// The most terms in one sparse vector.
pub const SPARSE_TERMS_MAX: usize = 65_536;

/// The most rows in one [`Block`](crate::Block). A store with more rows lends more blocks.
pub const BLOCK_ROWS_MAX: usize = 1 << 24;

/// The longest string [`RecordId`](crate::RecordId), in UTF-8 bytes. The empty string is an id.
pub const ID_BYTES_MAX: usize = 512;

/// The most keys in one [`Payload`](crate::Payload), and in each [`Map`](crate::Map) inside it.
pub const PAYLOAD_KEYS_MAX: usize = 1_024;

/// The longest key of a payload or a map, in UTF-8 bytes. The empty key is not allowed.
pub const KEY_BYTES_MAX: usize = 256;

/// How deep a [`Payload`](crate::Payload) goes: the value of one of its keys is at depth 1, the elements
/// of a list and the values of a map are one deeper than it.
pub const PAYLOAD_DEPTH_MAX: usize = 16;

/// The most steps of a [`Path`](crate::Path): as many as a payload is deep.
pub const PATH_STEPS_MAX: usize = PAYLOAD_DEPTH_MAX;

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

/// The longest text of a [`TextQuery`](crate::text::TextQuery), in bytes.
pub const TEXT_QUERY_BYTES_MAX: usize = 1 << 16;

/// The most terms of an [`Expression`](crate::Expression).
pub const EXPRESSION_TERMS_MAX: usize = 64;

/// The longest text of an [`Expression`](crate::Expression), in bytes.
pub const EXPRESSION_TEXT_BYTES_MAX: usize = 1 << 16;
