//! What goes wrong, and at which call.

use std::io;

/// A call of a file system or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `open_dir`, by path or by name
    OpenDir,
    /// `parent`
    Parent,
    /// `create_dir`
    CreateDir,
    /// `open` with [`Access::Create`](crate::vfs::Access::Create)
    Create,
    /// `open` of a file that is there
    Open,
    /// `rename`
    Rename,
    /// `remove`
    Remove,
    /// `list`
    List,
    /// `sync` of a directory
    SyncDir,
    /// `remove_dir`
    RemoveDir,
    /// `lookup`
    Lookup,
    /// `is_linked`
    IsLinked,
    /// `lock` of a file or a directory
    Lock,
    /// `len`
    Len,
    /// `id`
    Id,
    /// `read_at`
    Read,
    /// `write_at`
    Write,
    /// `set_len`
    SetLen,
    /// `sync_data`
    SyncData,
    /// `map`
    Map,
    /// No call: another program has done something to names.
    Outside,
}

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// Any call fails and does nothing.
    Eio,
    /// A call that needs room fails and does nothing, with [`io::ErrorKind::StorageFull`].
    Enospc,
    /// A call that opens, makes, renames or removes fails and does nothing, with
    /// [`io::ErrorKind::PermissionDenied`].
    Eacces,
    /// A call that opens or makes a file fails and does nothing, because the process has too many
    /// open.
    Emfile,
    /// A call that opens or makes a file fails and does nothing, with
    /// [`io::ErrorKind::NotADirectory`].
    Enotdir,
    /// A read or a write of more than one byte does half of it and says so.
    Short,
    /// A read or a write does nothing, with [`io::ErrorKind::Interrupted`]. If sticky, every second
    /// one: otherwise no caller would get through.
    Eintr,
    /// A sync fails. If it was of a file, what was to be synced will never reach the disk, although
    /// it is read as if it had, and the next sync succeeds. Linux does so.
    SyncFailsThenLies,
}

impl FaultKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Eio,
        Self::Enospc,
        Self::Eacces,
        Self::Emfile,
        Self::Enotdir,
        Self::Short,
        Self::Eintr,
        Self::SyncFailsThenLies,
    ];

    /// Whether such a call can fail so.
    #[must_use]
    pub fn applies_to(self, call: Call) -> bool {
        match self {
            Self::Eio => true,
            Self::Enospc => {
                use Call::{Create, CreateDir, Rename, SetLen, Write};
                matches!(call, Create | CreateDir | Rename | SetLen | Write)
            }
            Self::Eacces => {
                use Call::{Create, CreateDir, Open, OpenDir, Remove, RemoveDir, Rename};
                matches!(call, Create | CreateDir | Open | OpenDir | Remove | RemoveDir | Rename)
            }
            Self::Emfile | Self::Enotdir => {
                matches!(call, Call::Create | Call::Open | Call::OpenDir)
            }
            Self::Short | Self::Eintr => matches!(call, Call::Read | Call::Write),
            Self::SyncFailsThenLies => matches!(call, Call::SyncData | Call::SyncDir),
        }
    }
}

/// What goes wrong, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fault {
    /// The number of the call, from 1.
    pub at: u64,
    /// How it fails, if such a call can fail so. Otherwise it succeeds.
    pub kind: FaultKind,
    /// Whether later calls fail so, too.
    pub sticky: bool,
}

/// What a call that has not failed is to do nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    Well,
    Short,
    DropAndFail,
}

#[derive(Debug)]
pub(super) struct PowerOff;

impl std::fmt::Display for PowerOff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the power is off")
    }
}

impl std::error::Error for PowerOff {}

/// Whether a call failed because there was no power any more.
#[must_use]
pub fn is_power_off(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<PowerOff>)
}

/// Too many open files.
pub(super) fn emfile() -> io::Error {
    if cfg!(unix) { io::Error::from_raw_os_error(24) } else { eio() }
}

pub(super) fn eio() -> io::Error {
    io::Error::other("simulated input/output error")
}
