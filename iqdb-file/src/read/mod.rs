//! What readers use: segments, mapped or copied, and the view of one version.

pub(crate) mod block;
mod body;
mod ended;
pub(crate) mod segment;
pub(crate) mod sidecar;
pub(crate) mod view;

pub use body::ReadMode;
