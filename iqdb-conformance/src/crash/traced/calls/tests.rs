//! Each system call that is known here, as a thread is about to make it.

use std::ptr;

use super::*;

/// A system call, its arguments, and what it is about to do; nothing, if that isn't said.
type Row<'a> = (c_long, &'a [u64], &'a str);

/// What a call is about to do, without the process that makes it.
fn text(call: Option<&Call>) -> String {
    let proc = format!("/proc/{}", std::process::id());
    match call {
        None => String::new(),
        Some(Call::Unrecorded { why, file }) => {
            let name = why.strip_prefix("it changes files by ").unwrap();
            format!("{file:?} by {}", name.strip_suffix(", which is not recorded").unwrap())
        }
        Some(call) => format!("{call:?}").replace(&proc, "").replace('"', ""),
    }
}

/// This process is the one whose thread makes the call.
fn check(rows: &[Row<'_>]) {
    let process = Process::new(std::process::id()).unwrap();
    for (number, given, expected) in rows {
        let mut arguments = [0; 6];
        arguments[..given.len()].copy_from_slice(given);
        let registers = Registers { number: *number, arguments, returned: 0 };
        assert_eq!(text(of(&process, &registers).as_ref()), *expected, "call {number}, {given:?}");
    }
}

/// The address of something in this process.
fn address<T: ?Sized>(there: &T) -> u64 {
    ptr::from_ref(there).addr() as u64
}

/// Flags, or a file descriptor, as an argument.
fn argument(number: i32) -> u64 {
    number.cast_unsigned().into()
}

const VECTORED: &str = "bytes: Vectored { address: 64, count: 2 }";

#[test]
fn each_call_that_writes_is_known() {
    let vectored = |at: &str| format!("Write {{ to: 5, {VECTORED}, at: {at} }}");
    let (shared, private) = (argument(libc::MAP_SHARED), argument(libc::MAP_PRIVATE));
    let (read, written) = (argument(libc::PROT_READ), argument(libc::PROT_WRITE));
    let validated = argument(libc::MAP_SHARED_VALIDATE);
    check(&[
        (libc::SYS_write, &[5, 64, 2], "Write { to: 5, bytes: At(64), at: None }"),
        (libc::SYS_pwrite64, &[5, 64, 2, 9], "Write { to: 5, bytes: At(64), at: Some(9) }"),
        (libc::SYS_writev, &[5, 64, 2], &vectored("None")),
        (libc::SYS_pwritev, &[5, 64, 2, 9], &vectored("Some(9)")),
        (libc::SYS_pwritev2, &[5, 64, 2, 9], &vectored("Some(9)")),
        (libc::SYS_pwritev2, &[5, 64, 2, u64::MAX], &vectored("None")),
        (libc::SYS_pwritev2, &[5, 64, 2, 9, 0, 2], "Some(5) by pwritev2 with flags"),
        (libc::SYS_ftruncate, &[5, 7], "Resize { file: 5, len: 7 }"),
        (libc::SYS_fallocate, &[5, 0, 0, 7], "Grow { file: 5 }"),
        (libc::SYS_fallocate, &[5, 1, 0, 7], ""),
        (libc::SYS_fallocate, &[5, 3, 0, 7], "Some(5) by fallocate of a hole or a range"),
        (libc::SYS_mmap, &[0, 64, written, shared, 5], "Map { file: 5 }"),
        (libc::SYS_mmap, &[0, 64, written, validated, 5], "Map { file: 5 }"),
        (libc::SYS_mmap, &[0, 64, written, private, 5], ""),
        (libc::SYS_mmap, &[0, 64, read, shared, 5], ""),
        (libc::SYS_truncate, &[64, 7], "None by truncate"),
        (libc::SYS_copy_file_range, &[4, 0, 5], "Some(5) by copy_file_range"),
        (libc::SYS_sendfile, &[5, 4], "Some(5) by sendfile"),
        (libc::SYS_splice, &[4, 0, 5], "Some(5) by splice"),
        (libc::SYS_io_submit, &[], "None by io_submit"),
        (libc::SYS_io_uring_setup, &[], "None by io_uring"),
        (libc::SYS_ioctl, &[5, FICLONE], "Some(5) by ioctl of ranges that files share"),
        (libc::SYS_ioctl, &[5, FICLONERANGE], "Some(5) by ioctl of ranges that files share"),
        (libc::SYS_ioctl, &[5, 1], ""),
        (libc::SYS_read, &[5, 64, 2], ""),
    ]);
}

#[test]
fn each_call_that_syncs_is_known() {
    check(&[
        (libc::SYS_fsync, &[5], "Sync { file: 5 }"),
        (libc::SYS_fdatasync, &[5], "Sync { file: 5 }"),
        (libc::SYS_sync, &[], "SyncAll { on: None }"),
        (libc::SYS_syncfs, &[5], "SyncAll { on: Some(5) }"),
    ]);
}

#[test]
fn each_call_with_names_is_known() {
    let (a, b) = (address(b"a\0"), address(b"b\0"));
    let here = argument(libc::AT_FDCWD);
    let [creates, empties, temporary, directory] =
        [libc::O_CREAT, libc::O_TRUNC, libc::O_TMPFILE, libc::O_DIRECTORY].map(argument);
    check(&[
        (libc::SYS_openat, &[5, a, creates], "Open { path: /fd/5/a, flags: 64 }"),
        (libc::SYS_openat, &[here, a, empties], "Open { path: /cwd/a, flags: 512 }"),
        (
            libc::SYS_openat,
            &[5, a, temporary],
            &format!("Open {{ path: /fd/5/a, flags: {temporary} }}"),
        ),
        (libc::SYS_openat, &[5, a, directory], ""),
        (libc::SYS_openat, &[5, a, 0], ""),
        (
            libc::SYS_openat2,
            &[5, a, address(&[creates, 0, 0])],
            "Open { path: /fd/5/a, flags: 64 }",
        ),
        (libc::SYS_openat2, &[5, a, address(&[0_u64, 0, 0])], ""),
        (libc::SYS_mkdirat, &[5, a], "MakeDirectory { path: /fd/5/a }"),
        (libc::SYS_linkat, &[4, a, 5, b], "Link { path: /fd/5/b }"),
        (libc::SYS_symlinkat, &[a, 5, b], "None by symlinkat"),
        (libc::SYS_renameat, &[4, a, 5, b], "Rename { from: /fd/4/a, to: /fd/5/b }"),
        (libc::SYS_renameat2, &[4, a, 5, b], "Rename { from: /fd/4/a, to: /fd/5/b }"),
        (libc::SYS_renameat2, &[4, a, 5, b, 1], "Rename { from: /fd/4/a, to: /fd/5/b }"),
        (libc::SYS_renameat2, &[4, a, 5, b, 2], "None by renameat2 with flags"),
        (libc::SYS_unlinkat, &[5, a], "Remove { path: /fd/5/a }"),
    ]);
}

#[test]
fn each_call_that_starts_a_process_is_known() {
    let (thread, process) = (address(&[IS_THREAD]), address(&[0_u64]));
    check(&[
        (libc::SYS_clone, &[IS_THREAD], ""),
        (libc::SYS_clone, &[0], "None by another process"),
        (libc::SYS_clone3, &[thread], ""),
        (libc::SYS_clone3, &[process], "None by another process"),
    ]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn each_older_call_is_known() {
    let (a, b) = (address(b"a\0"), address(b"b\0"));
    check(&[
        (libc::SYS_open, &[a, argument(libc::O_CREAT)], "Open { path: /cwd/a, flags: 64 }"),
        (libc::SYS_open, &[a, 0], ""),
        (libc::SYS_creat, &[a], "Open { path: /cwd/a, flags: 577 }"),
        (libc::SYS_mkdir, &[a], "MakeDirectory { path: /cwd/a }"),
        (libc::SYS_link, &[a, b], "Link { path: /cwd/b }"),
        (libc::SYS_symlink, &[a, b], "None by symlink"),
        (libc::SYS_rename, &[a, b], "Rename { from: /cwd/a, to: /cwd/b }"),
        (libc::SYS_unlink, &[a], "Remove { path: /cwd/a }"),
        (libc::SYS_rmdir, &[a], "Remove { path: /cwd/a }"),
        (libc::SYS_fork, &[], "None by another process"),
        (libc::SYS_vfork, &[], "None by another process"),
    ]);
}
