//! Calls on open files.

use std::fs::File;
use std::io;
use std::os::windows::fs::FileExt;

use winapi_util::file::information;

use crate::vfs::FileId;

/// The system has no id of a boot that can be relied on.
pub(super) fn boot() -> Option<u128> {
    None
}

pub(super) fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_default()
}

pub(super) fn id_of(file: &File) -> io::Result<FileId> {
    let found = information(file)?;
    Ok(FileId { volume: found.volume_serial_number(), file: found.file_index() })
}

pub(super) fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(room, offset)
}

pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.seek_write(bytes, offset)
}
