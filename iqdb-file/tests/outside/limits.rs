//! What the system allows a process: whose it is, how many files it may open, how many threads it may
//! start. For processes of their own.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

/// A user that owns no file.
const STRANGER: u32 = 65_534;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limited {
    OpenFiles,
    /// Of the user, threads included.
    Processes,
}

/// Makes sure that permissions and limits bind this process, which they do unless it is root's: then it
/// becomes another user's, with this directory. Whether that worked.
pub(crate) fn become_bound(owned: &Path) -> bool {
    if fs::metadata(owned).unwrap().uid() != 0 {
        return true;
    }
    let changed = chown(owned, Some(STRANGER), Some(STRANGER)).and_then(|()| become_stranger());
    let skipped = changed.and_then(|()| fs::read_dir(owned).map(drop)).err();
    if let Some(error) = &skipped {
        eprintln!("skipped, because root can't become another user here: {error}");
    }
    skipped.is_none()
}

fn become_stranger() -> io::Result<()> {
    let done = |result| if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) };
    // SAFETY: numbers go in, and no pointer is followed where the list of groups is empty.
    #[allow(unsafe_code)]
    unsafe {
        done(libc::setgroups(0, std::ptr::null()))?;
        done(libc::setgid(STRANGER))?;
        done(libc::setuid(STRANGER))
    }
}

/// Sets how many there may be from now on, until it is set again. How many it were before.
pub(crate) fn limit(limited: Limited, count: u64) -> u64 {
    let resource = match limited {
        Limited::OpenFiles => libc::RLIMIT_NOFILE,
        Limited::Processes => libc::RLIMIT_NPROC,
    };
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit is a plain structure that lives.
    #[allow(unsafe_code)]
    let done = unsafe {
        libc::getrlimit(resource, &raw mut limit) == 0 && {
            let now = libc::rlimit { rlim_cur: count, ..limit };
            libc::setrlimit(resource, &raw const now) == 0
        }
    };
    assert!(done, "{}", io::Error::last_os_error());
    limit.rlim_cur
}

/// Lets this process open no more files than it has open. How many it could before.
pub(crate) fn no_more_files() -> u64 {
    // The system gives the lowest number that is free.
    let free = File::open("/").unwrap().as_raw_fd();
    limit(Limited::OpenFiles, u64::try_from(free).unwrap())
}

/// A pipe with a name.
pub(crate) fn make_pipe(path: &Path) {
    let path = CString::new(path.to_str().unwrap()).unwrap();
    // SAFETY: the path ends with a zero, and lives.
    #[allow(unsafe_code)]
    let made = unsafe { libc::mkfifo(path.as_ptr(), 0o600) };
    assert_eq!(made, 0, "{}", io::Error::last_os_error());
}
