//! What happens to a disk, as one thing after another.

use super::directory::NodeId;
use super::fault::Call;
use super::outside::Outside;

/// Everything that can happen to a disk. It has been checked that it can. Names are in a directory
/// that is told by its number, as programs reach them by handles.
#[derive(Debug, Clone)]
pub(super) enum Change {
    CreateDir(NodeId, String),
    Create(NodeId, String),
    Rename(NodeId, String, String),
    Remove(NodeId, String),
    SyncDir(NodeId),
    Outside(Outside),
    Write(NodeId, usize, Vec<u8>),
    SetLen(NodeId, usize),
    SyncData(NodeId),
    DropPages(NodeId),
}

impl Change {
    pub(super) fn call(&self) -> Call {
        match self {
            Self::CreateDir(..) => Call::CreateDir,
            Self::Create(..) => Call::Create,
            Self::Rename(..) => Call::Rename,
            Self::Remove(..) => Call::Remove,
            Self::SyncDir(_) => Call::SyncDir,
            Self::Outside(_) => Call::Outside,
            Self::Write(..) => Call::Write,
            Self::SetLen(..) => Call::SetLen,
            Self::SyncData(_) | Self::DropPages(_) => Call::SyncData,
        }
    }
}
