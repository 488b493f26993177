//! What a system call is about to do to files. Those that are not here are missed when what was recorded
//! is compared with the files at the end.

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use nix::libc::{self, c_long};

use super::memory::{Process, Registers};

/// A system call that changes files, or makes changes durable. File descriptors are those of the process.
#[derive(Debug, Clone)]
pub(super) enum Call {
    /// Writes to a file, at its position or elsewhere.
    Write {
        to: i32,
        bytes: Bytes,
        at: Option<u64>,
    },
    /// Gives a file another length.
    Resize {
        file: i32,
        len: u64,
    },
    /// Makes a file longer, if it isn't.
    Grow {
        file: i32,
    },
    /// Opens a file, which may make it or empty it.
    Open {
        path: PathBuf,
        flags: i32,
    },
    MakeDirectory {
        path: PathBuf,
    },
    /// Gives a file another name beside those that it has.
    Link {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    /// Makes a file or a directory durable.
    Sync {
        file: i32,
    },
    /// Makes everything durable; with a file, everything on its device.
    SyncAll {
        on: Option<i32>,
    },
    /// Maps a file so that writing to memory writes to it.
    Map {
        file: i32,
    },
    /// Changes a file in a way that is not recorded, for this reason; or some file.
    Unrecorded {
        why: &'static str,
        file: Option<i32>,
    },
}

/// Where the bytes are that a call writes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bytes {
    At(u64),
    Vectored { address: u64, count: u64 },
}

impl Bytes {
    /// The bytes, of which the call took this many.
    pub(super) fn read(self, process: &Process, taken: usize) -> io::Result<Vec<u8>> {
        match self {
            Self::At(address) => process.bytes(address, taken),
            Self::Vectored { address, count } => process.vectored(address, count, taken),
        }
    }
}

/// A call that is not recorded.
macro_rules! unrecorded {
    ($name:literal, $file:expr) => {
        Call::Unrecorded {
            why: concat!("it changes files by ", $name, ", which is not recorded"),
            file: $file,
        }
    };
}

/// An argument that is a file descriptor, or flags: the lower half counts.
fn number(argument: u64) -> i32 {
    let [a, b, c, d, ..] = argument.to_le_bytes();
    i32::from_le_bytes([a, b, c, d])
}

/// What the call that a thread enters does to files; `None` if it does nothing to them. A call whose
/// arguments can't be read fails.
pub(super) fn of(process: &Process, registers: &Registers) -> Option<Call> {
    let [a, b, c, d, e, f] = registers.arguments;
    let path = |directory: u64, address: u64| process.path(number(directory), address).ok();
    Some(match c_long::from(registers.number) {
        libc::SYS_write => Call::Write { to: number(a), bytes: Bytes::At(b), at: None },
        libc::SYS_pwrite64 => Call::Write { to: number(a), bytes: Bytes::At(b), at: Some(d) },
        libc::SYS_writev => {
            Call::Write { to: number(a), bytes: Bytes::Vectored { address: b, count: c }, at: None }
        }
        libc::SYS_pwritev => Call::Write {
            to: number(a),
            bytes: Bytes::Vectored { address: b, count: c },
            at: Some(d),
        },
        libc::SYS_pwritev2 if f == 0 => Call::Write {
            to: number(a),
            bytes: Bytes::Vectored { address: b, count: c },
            at: (number(d) != -1).then_some(d),
        },
        libc::SYS_ftruncate => Call::Resize { file: number(a), len: b },
        libc::SYS_fallocate => match number(b) {
            0 => Call::Grow { file: number(a) },
            libc::FALLOC_FL_KEEP_SIZE => return None,
            _ => unrecorded!("fallocate of a hole or a range", Some(number(a))),
        },
        libc::SYS_openat if number(c) & MAKES != 0 => {
            Call::Open { path: path(a, b)?, flags: number(c) }
        }
        // The flags are the first of a structure.
        libc::SYS_openat2 if number(process.word(c).ok()?) & MAKES != 0 => {
            Call::Open { path: path(a, b)?, flags: number(process.word(c).ok()?) }
        }
        libc::SYS_mkdirat => Call::MakeDirectory { path: path(a, b)? },
        libc::SYS_linkat => Call::Link { path: path(c, d)? },
        libc::SYS_renameat => Call::Rename { from: path(a, b)?, to: path(c, d)? },
        libc::SYS_renameat2 if number(e) & !RENAME_NOREPLACE == 0 => {
            Call::Rename { from: path(a, b)?, to: path(c, d)? }
        }
        libc::SYS_unlinkat => Call::Remove { path: path(a, b)? },
        libc::SYS_fsync | libc::SYS_fdatasync => Call::Sync { file: number(a) },
        libc::SYS_sync => Call::SyncAll { on: None },
        libc::SYS_syncfs => Call::SyncAll { on: Some(number(a)) },
        libc::SYS_mmap
            if number(c) & libc::PROT_WRITE != 0
                && number(d) & libc::MAP_TYPE != libc::MAP_PRIVATE =>
        {
            Call::Map { file: number(e) }
        }
        libc::SYS_pwritev2 => unrecorded!("pwritev2 with flags", Some(number(a))),
        libc::SYS_renameat2 => unrecorded!("renameat2 with flags", None),
        libc::SYS_symlinkat => unrecorded!("symlinkat", None),
        libc::SYS_truncate => unrecorded!("truncate", None),
        libc::SYS_copy_file_range => unrecorded!("copy_file_range", Some(number(c))),
        libc::SYS_sendfile => unrecorded!("sendfile", Some(number(a))),
        libc::SYS_splice => unrecorded!("splice", Some(number(c))),
        libc::SYS_io_submit => unrecorded!("io_submit", None),
        // Once it is set up, there may be no more calls.
        libc::SYS_io_uring_setup => unrecorded!("io_uring", None),
        libc::SYS_ioctl if [FICLONE, FICLONERANGE].contains(&(b & 0xffff_ffff)) => {
            unrecorded!("ioctl of ranges that files share", Some(number(a)))
        }
        libc::SYS_clone if a & IS_THREAD == 0 => unrecorded!("another process", None),
        libc::SYS_clone3 if process.word(a).ok()? & IS_THREAD == 0 => {
            unrecorded!("another process", None)
        }
        _ => return without_directory(process, registers),
    })
}

/// The flags of an opening that makes a file or empties one.
const MAKES: i32 = libc::O_CREAT | libc::O_TRUNC | libc::O_TMPFILE & !libc::O_DIRECTORY;

/// The flag of a new thread, as against a new process.
const IS_THREAD: u64 = 0x0001_0000;

/// `FICLONE` and `FICLONERANGE`, which not every C library has.
const FICLONE: u64 = 0x4004_9409;
const FICLONERANGE: u64 = 0x4020_940d;

/// `RENAME_NOREPLACE`, which not every C library has.
const RENAME_NOREPLACE: i32 = 1;

/// The older calls, whose paths begin at the working directory. Newer machines don't have them.
#[cfg(target_arch = "x86_64")]
fn without_directory(process: &Process, registers: &Registers) -> Option<Call> {
    let [a, b, ..] = registers.arguments;
    let path = |address: u64| process.path(libc::AT_FDCWD, address).ok();
    Some(match c_long::from(registers.number) {
        libc::SYS_open if number(b) & MAKES != 0 => Call::Open { path: path(a)?, flags: number(b) },
        libc::SYS_creat => {
            Call::Open { path: path(a)?, flags: libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC }
        }
        libc::SYS_mkdir => Call::MakeDirectory { path: path(a)? },
        libc::SYS_link => Call::Link { path: path(b)? },
        libc::SYS_rename => Call::Rename { from: path(a)?, to: path(b)? },
        libc::SYS_unlink | libc::SYS_rmdir => Call::Remove { path: path(a)? },
        libc::SYS_symlink => unrecorded!("symlink", None),
        libc::SYS_fork | libc::SYS_vfork => unrecorded!("another process", None),
        _ => return None,
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn without_directory(_: &Process, _: &Registers) -> Option<Call> {
    None
}
