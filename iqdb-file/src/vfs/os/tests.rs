//! What the operating system promises, and what we ask of it beyond that.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::super::{Access, FileExt, Guard, Reading, Sharing};
use super::*;

struct Home {
    path: tempfile::TempDir,
    dir: Arc<dyn Dir>,
}

fn home() -> Home {
    let path = tempfile::tempdir().unwrap();
    let dir = OsVfs.open_dir(path.path()).unwrap();
    Home { path, dir }
}

impl Home {
    fn at(&self, name: &str) -> std::path::PathBuf {
        self.path.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.dir.list().unwrap().into_iter().map(|entry| entry.name).collect();
        names.sort();
        names
    }
}

#[test]
fn what_is_written_is_read_and_mapped() {
    let home = home();
    let file = home.dir.open("a", Access::Create).unwrap();
    file.write_all_at(b"abc", 5).unwrap();
    file.sync_data().unwrap();
    assert_eq!(file.len().unwrap(), 8);
    let file = home.dir.open("a", Access::Read).unwrap();
    let mut room = [1; 8];
    file.read_exact_at(&mut room, 0).unwrap();
    assert_eq!(&room, b"\0\0\0\0\0abc");
    assert_eq!(&*file.map(8, Reading::Ahead).unwrap(), b"\0\0\0\0\0abc");
    assert_eq!(file.read_at(&mut room, 8).unwrap(), 0);
    assert_eq!(file.read_exact_at(&mut room, 1).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(file.map(9, Reading::Ahead).unwrap_err().kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn only_create_makes_a_file_and_nothing_cuts_one() {
    let home = home();
    for access in [Access::Read, Access::Write] {
        assert_eq!(home.dir.open("a", access).unwrap_err().kind(), ErrorKind::NotFound);
    }
    home.dir.open("a", Access::Create).unwrap().write_all_at(b"abc", 0).unwrap();
    assert_eq!(home.dir.open("a", Access::Write).unwrap().len().unwrap(), 3);
    assert!(home.dir.open("a", Access::Read).unwrap().write_at(b"x", 0).is_err());
    let error = home.dir.open("a", Access::Create).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(home.at("a")).unwrap(), b"abc");
}

#[test]
fn a_file_is_cut_and_grows_by_zeros() {
    let home = home();
    let file = home.dir.open("a", Access::Create).unwrap();
    file.write_all_at(b"abc", 0).unwrap();
    file.set_len(1).unwrap();
    file.set_len(3).unwrap();
    assert_eq!(&*file.map(3, Reading::Ahead).unwrap(), b"a\0\0");
}

#[test]
fn names_are_changed_removed_and_listed_and_none_is_replaced() {
    let home = home();
    for name in ["a", "b", "c"] {
        home.dir.open(name, Access::Create).unwrap().write_all_at(name.as_bytes(), 0).unwrap();
    }
    assert_eq!(home.dir.rename("a", "b").unwrap_err().kind(), ErrorKind::AlreadyExists);
    assert_eq!(fs::read(home.at("b")).unwrap(), b"b");
    home.dir.rename("a", "d").unwrap();
    assert_eq!(home.names(), ["b", "c", "d"]);
    let mapped = home.dir.open("c", Access::Read).unwrap().map(1, Reading::Ahead).unwrap();
    home.dir.remove("c").unwrap();
    assert_eq!(home.names(), ["b", "d"]);
    assert_eq!(&*mapped, b"c");
    home.dir.sync().unwrap();
    assert_eq!(home.dir.remove("c").unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn the_empty_path_is_where_we_are() {
    let parent = Path::new("name").parent().unwrap();
    let here = OsVfs.open_dir(parent).unwrap();
    here.sync().unwrap();
    assert!(here.lookup("Cargo.toml").unwrap().is_some());
}

#[test]
fn a_directory_is_made_once_and_removed_when_it_is_empty() {
    let home = home();
    home.dir.create_dir("d").unwrap();
    assert_eq!(home.dir.create_dir("d").unwrap_err().kind(), ErrorKind::AlreadyExists);
    let below = home.dir.open_dir("d").unwrap();
    below.open("a", Access::Create).unwrap();
    assert!(home.dir.remove_dir("d").is_err());
    below.remove("a").unwrap();
    drop(below);
    home.dir.remove_dir("d").unwrap();
    assert_eq!(home.dir.open_dir("d").unwrap_err().kind(), ErrorKind::NotFound);
    fs::write(home.at("f"), "").unwrap();
    assert!(home.dir.open_dir("f").is_err());
    assert!(OsVfs.open_dir(&home.at("f")).is_err());
}

#[test]
fn a_name_tells_which_file_has_it() {
    let home = home();
    let file = home.dir.open("a", Access::Create).unwrap();
    let found = home.dir.lookup("a").unwrap().unwrap();
    assert_eq!((found.id, found.links), (file.id().unwrap(), 1));
    fs::hard_link(home.at("a"), home.at("b")).unwrap();
    assert_eq!(home.dir.lookup("b").unwrap().unwrap().links, 2);
    fs::remove_file(home.at("a")).unwrap();
    fs::write(home.at("a"), "another").unwrap();
    assert_ne!(home.dir.lookup("a").unwrap().unwrap().id, file.id().unwrap());
    assert_eq!(home.dir.lookup("c").unwrap(), None);
}

#[test]
fn an_exclusive_lock_keeps_everybody_out_until_it_is_dropped() {
    let home = home();
    home.dir.open("lock", Access::Create).unwrap();
    let of_file = |sharing| home.dir.open("lock", Access::Write).unwrap().lock(sharing);
    let of_dir = |sharing| OsVfs.open_dir(home.path.path()).unwrap().lock(sharing);
    type Lock<'a> = &'a dyn Fn(Sharing) -> io::Result<Box<dyn Guard>>;
    let locks: &[Lock<'_>] = if cfg!(unix) { &[&of_file, &of_dir] } else { &[&of_file] };
    for lock in locks {
        let guard = lock(Sharing::Exclusive).unwrap();
        for sharing in [Sharing::Exclusive, Sharing::Shared] {
            assert_eq!(lock(sharing).unwrap_err().kind(), ErrorKind::WouldBlock);
        }
        drop(guard);
        let shared = [(); 2].map(|()| lock(Sharing::Shared).unwrap());
        assert_eq!(lock(Sharing::Exclusive).unwrap_err().kind(), ErrorKind::WouldBlock);
        drop(shared);
        lock(Sharing::Exclusive).unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn who_holds_a_lock_is_what_the_system_says() {
    let home = home();
    let file = home.dir.open("lock", Access::Create).unwrap();
    assert_eq!(file.holders(), None);
    let guard = file.lock(Sharing::Exclusive).unwrap();
    // Not every file system has the numbers in its list that it has in its files.
    if let Some(holders) = file.holders() {
        assert!(holders.contains(&std::process::id().to_string()), "{holders}");
        assert!(holders.contains("writes"), "{holders}");
        drop(guard);
        let _guard = file.lock(Sharing::Shared).unwrap();
        assert!(file.holders().unwrap().contains("reads"));
    }
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
        let home = home();
        home.dir.create_dir("d").unwrap();
        home.dir.open("a", Access::Create).unwrap();
        assert_eq!(mode(&home.at("d")), 0o700);
        assert_eq!(mode(&home.at("a")), 0o600);
    }

    #[test]
    fn a_directory_is_the_same_wherever_it_goes() {
        let home = home();
        home.dir.create_dir("d").unwrap();
        let dir = home.dir.open_dir("d").unwrap();
        fs::rename(home.at("d"), home.at("e")).unwrap();
        fs::create_dir(home.at("d")).unwrap();
        dir.open("a", Access::Create).unwrap();
        assert!(home.at("e").join("a").exists() && !home.at("d").join("a").exists());
        assert!(dir.parent().unwrap().lookup("e").unwrap().is_some());
        fs::remove_dir_all(home.at("e")).unwrap();
        assert!(!dir.is_linked().unwrap());
        assert_eq!(dir.lookup("a").unwrap(), None);
        assert!(dir.open("a", Access::Create).is_err());
    }

    #[test]
    fn a_directory_replaces_nothing_but_by_the_fallback_an_empty_one_of_ours() {
        let home = home();
        for name in ["d", "empty", "full"] {
            home.dir.create_dir(name).unwrap();
        }
        fs::write(home.at("full").join("a"), "").unwrap();
        fs::write(home.at("file"), "").unwrap();
        for taken in ["empty", "full", "file"] {
            let error = home.dir.rename("d", taken).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{taken}");
        }
        let dir = OsDir::open(home.path.path()).unwrap();
        for taken in ["empty", "full", "file"] {
            assert!(dir.rename_in_two_steps("d", taken).is_err(), "{taken}");
            assert!(dir.rename_in_two_steps("file", taken).is_err(), "{taken}");
        }
        dir.rename_in_two_steps("d", "e").unwrap();
        dir.rename_in_two_steps("file", "f").unwrap();
        assert_eq!(home.names(), ["e", "empty", "f", "full"]);
    }

    #[test]
    fn no_link_is_followed_but_to_the_directory_itself() {
        let home = home();
        let target = home.at("target");
        fs::write(&target, "abc").unwrap();
        symlink(&target, home.at("link")).unwrap();
        symlink(home.at("absent"), home.at("dangling")).unwrap();
        symlink(home.path.path(), home.at("here")).unwrap();
        for link in ["link", "dangling", "here"] {
            for access in [Access::Read, Access::Write, Access::Create] {
                assert!(home.dir.open(link, access).is_err(), "{access:?}");
            }
            assert!(home.dir.open_dir(link).is_err());
        }
        assert_eq!(fs::read(&target).unwrap(), b"abc");
        assert!(OsVfs.open_dir(&home.at("here")).unwrap().lookup("target").unwrap().is_some());
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let home = home();
        let status = std::process::Command::new("mkfifo").arg(home.at("pipe")).status().unwrap();
        assert!(status.success());
        home.dir.create_dir("d").unwrap();
        for name in ["pipe", "d"] {
            let error = home.dir.open(name, Access::Read).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_name_that_is_not_unicode_is_listed_and_is_none_of_ours() {
        use std::os::unix::ffi::OsStrExt;
        let home = home();
        let odd = home.path.path().join(std::ffi::OsStr::from_bytes(b"\xff"));
        // Not every file system takes such a name.
        if fs::write(odd, "").is_ok() {
            assert_eq!(home.names(), ["\u{fffd}"]);
        }
    }
}
