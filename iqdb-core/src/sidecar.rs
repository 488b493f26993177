//! Sidecars: where derived data outlives the process.

use std::fmt::Debug;

/// Bytes that were saved: a copy of them, or a map of the file that has them.
pub type SavedBytes = Box<dyn AsRef<[u8]> + Send + Sync>;

/// Where what is derived from sealed blocks outlives the process, as bytes.
///
/// A backend that keeps its blocks may keep these, too. Nothing depends on them: what is lost or
/// damaged is derived anew, and no store is refused for it.
pub trait Sidecar: Debug + Send + Sync {
    /// The bytes that were saved last under this key, if they are the same ones still. May read from
    /// a disk, so no reader that must not wait calls it.
    fn load(&self, key: &str) -> Option<SavedBytes>;

    /// Saves bytes under this key, as well as the backend can; returns whether they were. A key is
    /// at most 255 bytes long. Once the last handle to the store is gone, nothing is saved.
    fn save(&self, key: &str, bytes: &[u8]) -> bool;
}
