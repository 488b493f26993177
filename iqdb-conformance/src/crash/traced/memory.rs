//! What a stopped process has: its memory, its open files and its registers.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::sys::ptrace;
use nix::unistd::Pid;

/// A file or a directory as the system knows it: its device and its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inode {
    pub(super) device: u64,
    number: u64,
}

/// The inode that a path leads to.
pub(super) fn inode(path: &Path) -> io::Result<Inode> {
    let found = fs::metadata(path)?;
    Ok(Inode { device: found.dev(), number: found.ino() })
}

/// A system call: its number, its arguments, and what it returned if it is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registers {
    pub(super) number: i64,
    pub(super) arguments: [u64; 6],
    pub(super) returned: i64,
}

#[cfg(target_arch = "x86_64")]
pub(super) fn registers(thread: Pid) -> nix::Result<Registers> {
    let found = ptrace::getregs(thread)?;
    Ok(Registers {
        number: found.orig_rax.cast_signed(),
        arguments: [found.rdi, found.rsi, found.rdx, found.r10, found.r8, found.r9],
        returned: found.rax.cast_signed(),
    })
}

#[cfg(target_arch = "aarch64")]
pub(super) fn registers(thread: Pid) -> nix::Result<Registers> {
    let found = ptrace::getregs(thread)?.regs;
    let [a, b, c, d, e, f, _, _, number, ..] = found;
    let (number, returned) = (number.cast_signed(), a.cast_signed());
    Ok(Registers { number, arguments: [a, b, c, d, e, f], returned })
}

/// A process whose threads may be stopped.
#[derive(Debug)]
pub(super) struct Process {
    proc: PathBuf,
    memory: File,
}

/// Where a file descriptor is, and how writes to it are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    pub(super) offset: u64,
    /// Whether a write goes to the end of the file.
    pub(super) is_append: bool,
    /// Whether a write returns only once it is on the disk.
    pub(super) is_synced: bool,
}

impl Process {
    pub(super) fn new(id: u32) -> io::Result<Self> {
        let proc = PathBuf::from(format!("/proc/{id}"));
        let memory = File::open(proc.join("mem"))?;
        Ok(Self { proc, memory })
    }

    /// The bytes at an address.
    pub(super) fn bytes(&self, address: u64, len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        self.memory.read_exact_at(&mut bytes, address)?;
        Ok(bytes)
    }

    /// The bytes of a vector of buffers, of which the call took this many.
    pub(super) fn vectored(&self, address: u64, count: u64, taken: usize) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        for n in 0..count {
            let [base, len] = [0, 8].map(|at| self.word(address + n * 16 + at));
            let len =
                usize::try_from(len?).unwrap_or(usize::MAX).min(taken.saturating_sub(all.len()));
            all.extend(self.bytes(base?, len)?);
        }
        Ok(all)
    }

    pub(super) fn word(&self, address: u64) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.memory.read_exact_at(&mut bytes, address)?;
        Ok(u64::from_ne_bytes(bytes))
    }

    /// The path at an address, as this process reaches it. `directory` is where a relative one begins.
    pub(super) fn path(&self, directory: i32, address: u64) -> io::Result<PathBuf> {
        let mut text = Vec::new();
        while text.last() != Some(&0) {
            let mut byte = [0];
            self.memory.read_exact_at(&mut byte, address + text.len() as u64)?;
            text.push(byte[0]);
        }
        text.pop();
        let begins = match directory {
            nix::libc::AT_FDCWD => self.proc.join("cwd"),
            directory => self.file(directory),
        };
        // An absolute path replaces where it begins.
        Ok(begins.join(std::ffi::OsString::from_vec(text)))
    }

    /// The path that leads to what a file descriptor has open.
    pub(super) fn file(&self, descriptor: i32) -> PathBuf {
        self.proc.join("fd").join(descriptor.to_string())
    }

    pub(super) fn position(&self, descriptor: i32) -> io::Result<Position> {
        let text = fs::read_to_string(self.proc.join("fdinfo").join(descriptor.to_string()))?;
        let field =
            |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let offset = field("pos:").and_then(|it| it.parse().ok()).unwrap_or(0);
        let flags = field("flags:").and_then(|it| i32::from_str_radix(it, 8).ok()).unwrap_or(0);
        let has = |flag: i32| flags & flag != 0;
        Ok(Position {
            offset,
            is_append: has(nix::libc::O_APPEND),
            is_synced: has(nix::libc::O_DSYNC),
        })
    }

    /// The threads of the process.
    pub(super) fn threads(&self) -> io::Result<Vec<Pid>> {
        let names = fs::read_dir(self.proc.join("task"))?.map(|entry| Ok(entry?.file_name()));
        let names = names.collect::<io::Result<Vec<_>>>()?;
        let numbers = names.iter().filter_map(|name| name.to_str()?.parse().ok());
        Ok(numbers.map(Pid::from_raw).collect())
    }
}
