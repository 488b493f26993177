//! What readers use: segments, mapped or copied, and the view of one version.

mod block;
mod body;
mod column;
pub(crate) mod context;
mod ended;
mod lineage;
pub(crate) mod segment;
mod segment_file;
mod sidecar;
pub(crate) mod view;
