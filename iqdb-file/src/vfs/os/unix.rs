//! Calls on open files: `pread`, `pwrite`, `fstat`.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::OnceLock;

use crate::vfs::FileId;

/// Linux makes an id at each boot, the same for all containers. Other systems are not asked. A process
/// asks once: reading it takes a tenth of the time of an opening.
pub(super) fn boot() -> Option<u128> {
    static BOOT: OnceLock<u128> = OnceLock::new();
    if let Some(boot) = BOOT.get() {
        return Some(*boot);
    }
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let boot = u128::from_str_radix(&id.trim().replace('-', ""), 16).ok()?;
    Some(*BOOT.get_or_init(|| boot))
}

pub(super) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

pub(super) fn id_of(file: &File) -> io::Result<FileId> {
    let metadata = file.metadata()?;
    Ok(FileId { volume: metadata.dev(), file: metadata.ino() })
}

pub(super) fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(room, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}
