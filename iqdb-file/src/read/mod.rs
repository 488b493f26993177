//! What readers use: segments, mapped or copied, and the view of one version.

mod block;
mod body;
mod column;
pub(crate) mod column_file;
pub(crate) mod context;
mod ended;
pub(crate) mod last_layout;
mod lineage;
pub(crate) mod segment;
mod segment_file;
pub(crate) mod shelf_files;
mod sidecar;
pub(crate) mod view;
