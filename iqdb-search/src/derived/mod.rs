//! What a search derives from sealed blocks and keeps with them, besides codes: the norms of rows,
//! and the masks of filters that come again. `sidecar` saves such data where a backend keeps it.

pub(crate) mod filter_masks;
pub(crate) mod norms;
pub(crate) mod sidecar;
