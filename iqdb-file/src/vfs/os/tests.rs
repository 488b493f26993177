//! What the operating system promises, and what we ask of it beyond that.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::super::FileExt;
use super::*;

fn dir() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn what_is_written_is_read_and_mapped() {
    let dir = dir();
    let path = dir.path().join("a");
    let file = OsVfs.open(&path, Access::Create).unwrap();
    file.write_all_at(b"abc", 5).unwrap();
    file.sync_data().unwrap();
    assert_eq!(file.len().unwrap(), 8);
    let file = OsVfs.open(&path, Access::Read).unwrap();
    let mut room = [1; 8];
    file.read_exact_at(&mut room, 0).unwrap();
    assert_eq!(&room, b"\0\0\0\0\0abc");
    assert_eq!(&*file.map(8, Reading::Ahead).unwrap(), b"\0\0\0\0\0abc");
    assert_eq!(file.read_at(&mut room, 8).unwrap(), 0);
    assert_eq!(file.read_exact_at(&mut room, 1).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(file.map(9, Reading::Ahead).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn only_create_makes_a_file_and_cuts_one() {
    let dir = dir();
    let path = dir.path().join("a");
    for access in [Access::Read, Access::Write] {
        assert_eq!(OsVfs.open(&path, access).unwrap_err().kind(), ErrorKind::NotFound);
    }
    OsVfs.open(&path, Access::Create).unwrap().write_all_at(b"abc", 0).unwrap();
    assert_eq!(OsVfs.open(&path, Access::Write).unwrap().len().unwrap(), 3);
    assert!(OsVfs.open(&path, Access::Read).unwrap().write_at(b"x", 0).is_err());
    assert_eq!(OsVfs.open(&path, Access::Create).unwrap().len().unwrap(), 0);
}

#[test]
fn a_file_is_cut_and_grows_by_zeros() {
    let dir = dir();
    let file = OsVfs.open(&dir.path().join("a"), Access::Create).unwrap();
    file.write_all_at(b"abc", 0).unwrap();
    file.set_len(1).unwrap();
    file.set_len(3).unwrap();
    assert_eq!(&*file.map(3, Reading::Ahead).unwrap(), b"a\0\0");
}

#[test]
fn names_are_changed_removed_and_listed() {
    let dir = dir();
    let at = |name: &str| dir.path().join(name);
    let names = || {
        let mut names = OsVfs.list(dir.path()).unwrap();
        names.sort();
        names
    };
    for name in ["a", "b", "c"] {
        OsVfs.open(&at(name), Access::Create).unwrap().write_all_at(name.as_bytes(), 0).unwrap();
    }
    OsVfs.rename(&at("a"), &at("b")).unwrap();
    assert_eq!(names(), ["b", "c"]);
    assert_eq!(fs::read(at("b")).unwrap(), b"a");
    let mapped = OsVfs.open(&at("c"), Access::Read).unwrap().map(1, Reading::Ahead).unwrap();
    OsVfs.remove(&at("c")).unwrap();
    assert_eq!(names(), ["b"]);
    assert_eq!(&*mapped, b"c");
    OsVfs.sync_dir(dir.path()).unwrap();
    assert_eq!(OsVfs.remove(&at("c")).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn the_parent_of_a_bare_name_is_where_we_are() {
    let parent = Path::new("name").parent().unwrap();
    OsVfs.sync_dir(parent).unwrap();
    assert!(OsVfs.list(parent).unwrap().contains(&"Cargo.toml".to_owned()));
}

#[test]
fn a_directory_is_made_once_and_not_in_place_of_a_file() {
    let dir = dir();
    let path = dir.path().join("d");
    OsVfs.create_dir(&path).unwrap();
    OsVfs.create_dir(&path).unwrap();
    assert_eq!(OsVfs.create_dir(&path.join("no/parent")).unwrap_err().kind(), ErrorKind::NotFound);
    OsVfs.open(&path.join("a"), Access::Create).unwrap();
    let error = OsVfs.create_dir(&path.join("a")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotADirectory);
}

#[test]
fn an_exclusive_lock_keeps_everybody_out_until_it_is_dropped() {
    let dir = dir();
    let path = dir.path().join("lock");
    let guard = OsVfs.lock(&path, Sharing::Exclusive).unwrap();
    for sharing in [Sharing::Exclusive, Sharing::Shared] {
        assert_eq!(OsVfs.lock(&path, sharing).unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    drop(guard);
    let shared = [(); 2].map(|()| OsVfs.lock(&path, Sharing::Shared).unwrap());
    let error = OsVfs.lock(&path, Sharing::Exclusive).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    drop(shared);
    OsVfs.lock(&path, Sharing::Exclusive).unwrap();
}

#[test]
fn who_holds_a_lock_alone_says_so_in_its_file() {
    let dir = dir();
    let path = dir.path().join("lock");
    fs::write(&path, "pid 123456789012345678901234567890\n").unwrap();
    let ours = format!("pid {}\n", std::process::id());
    drop(OsVfs.lock(&path, Sharing::Shared).unwrap());
    assert_ne!(fs::read_to_string(&path).unwrap(), ours);
    let _guard = OsVfs.lock(&path, Sharing::Exclusive).unwrap();
    assert!(OsVfs.lock(&path, Sharing::Exclusive).is_err());
    #[cfg(unix)]
    assert_eq!(fs::read_to_string(&path).unwrap(), ours);
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_for_its_owner_alone() {
        let dir = dir();
        let made = dir.path().join("d");
        OsVfs.create_dir(&made).unwrap();
        OsVfs.open(&made.join("a"), Access::Create).unwrap();
        OsVfs.lock(&made.join("exclusive"), Sharing::Exclusive).unwrap();
        OsVfs.lock(&made.join("shared"), Sharing::Shared).unwrap();
        assert_eq!(mode(&made), 0o700);
        for name in ["a", "exclusive", "shared"] {
            assert_eq!(mode(&made.join(name)), 0o600, "{name}");
        }
    }

    #[test]
    fn no_link_is_followed() {
        let dir = dir();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        let dangling = dir.path().join("dangling");
        fs::write(&target, "abc").unwrap();
        symlink(&target, &link).unwrap();
        symlink(dir.path().join("absent"), &dangling).unwrap();
        for link in [link, dangling] {
            for access in [Access::Read, Access::Write, Access::Create] {
                assert!(OsVfs.open(&link, access).is_err(), "{access:?}");
            }
            for sharing in [Sharing::Exclusive, Sharing::Shared] {
                assert!(OsVfs.lock(&link, sharing).is_err(), "{sharing:?}");
            }
        }
        assert_eq!(fs::read(&target).unwrap(), b"abc");
        assert_eq!(OsVfs.list(dir.path()).unwrap().len(), 3);
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let dir = dir();
        let pipe = dir.path().join("pipe");
        let status = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(status.success());
        for path in [&pipe, &dir.path().to_path_buf()] {
            let error = OsVfs.open(path, Access::Read).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_name_that_is_not_unicode_is_not_listed() {
        use std::os::unix::ffi::OsStrExt;
        let dir = dir();
        let odd = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
        // Not every file system takes such a name.
        if fs::write(odd, "").is_ok() {
            assert!(OsVfs.list(dir.path()).unwrap().is_empty());
        }
    }
}
