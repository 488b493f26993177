//! A directory is a database or it is not: what is foreign is refused with the list of its files, and
//! not a byte of it changes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use iqdb_core::{Error, ErrorKind};
use iqdb_file::vfs::sim::{Outside, SimVfs};
use iqdb_file::{Defect, FileOptions, FileStore};

use crate::database::{Law, holds, made, names, options, schema, tree};
use crate::limits::make_pipe;

/// The name of a file that is none of ours, and what is in it.
type Foreign = (&'static str, &'static [u8]);

/// Names that a database has, or uses while it is made, and others.
const FOREIGN: [Foreign; 14] = [
    ("lock", b"mine"),
    ("lock", b""),
    ("reserve", b"mine"),
    ("reserve", b""),
    ("derived-00000001", b"mine"),
    ("derived-00000001", b""),
    ("manifest-00000001.new", b"mine"),
    ("manifest-00000001.new", b""),
    ("manifest-00000001", b"mine"),
    ("log-00000002", b"mine"),
    ("segment-00000003", b""),
    (".iqdb-new-mine", b"mine"),
    ("iqdb", b""),
    (".hidden", b"mine"),
];

/// All that would make a database in a directory, or open the one that is there.
fn attempts(dir: &Path, of: &FileStore) -> Vec<(&'static str, Error)> {
    vec![
        ("create", FileStore::create(dir, schema(), &options()).unwrap_err()),
        ("backup", of.backup_to(dir).unwrap_err()),
        ("open_or_create", FileStore::open_or_create(dir, schema(), &options()).unwrap_err()),
        ("open", FileStore::open(dir, &options()).unwrap_err()),
        ("open_read_only", FileStore::open_read_only(dir, &options()).unwrap_err()),
    ]
}

/// Nothing is made in `home/db`, and nothing in `home` is changed, whatever is tried.
fn is_left_alone(home: &Path, listed: &[&str]) {
    let elsewhere = tempfile::tempdir().unwrap();
    let store = FileStore::create(elsewhere.path().join("db"), schema(), &options()).unwrap();
    let before = tree(home);
    for (attempt, error) in attempts(&home.join("db"), &store) {
        assert_eq!(tree(home), before, "{attempt} has changed something: {error}");
        if matches!(attempt, "create" | "backup") {
            assert_eq!(error.kind(), ErrorKind::Io, "{attempt}: {error}");
            for name in listed {
                let found = error.finding().unwrap_or_default();
                assert!(found.contains(name), "{attempt} does not list {name}: {error}");
            }
        }
    }
}

fn with_directory() -> (tempfile::TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    fs::create_dir(&dir).unwrap();
    (home, dir)
}

#[test]
fn a_directory_with_a_foreign_file_is_refused_and_left_as_it_is() {
    for (name, bytes) in FOREIGN {
        let (home, dir) = with_directory();
        fs::write(dir.join(name), bytes).unwrap();
        is_left_alone(home.path(), &[name]);
    }
}

#[test]
fn a_directory_with_many_foreign_files_is_refused_with_a_list_of_the_first() {
    let (home, dir) = with_directory();
    for (name, bytes) in FOREIGN {
        fs::write(dir.join(name), bytes).unwrap();
    }
    is_left_alone(home.path(), &[".hidden", ".iqdb-new-mine", "derived-00000001", "more"]);
}

#[test]
fn what_is_no_regular_file_is_foreign_too() {
    let makings: [fn(&Path); 4] = [
        |path| fs::create_dir(path).unwrap(),
        |path| symlink("nowhere", path).unwrap(),
        |path| symlink("/etc/hostname", path).unwrap(),
        make_pipe,
    ];
    for making in makings {
        for name in ["lock", "reserve", "log-00000002", "manifest-00000001.new", "notes"] {
            let (home, dir) = with_directory();
            making(&dir.join(name));
            is_left_alone(home.path(), &[]);
        }
    }
}

#[test]
fn a_file_in_place_of_the_directory_is_refused_and_left_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"mine"] {
        fs::write(home.path().join("db"), bytes).unwrap();
        is_left_alone(home.path(), &[]);
    }
}

#[test]
fn a_link_that_leads_nowhere_is_not_replaced() {
    let home = tempfile::tempdir().unwrap();
    symlink("nowhere", home.path().join("db")).unwrap();
    let error = FileStore::create(home.path().join("db"), schema(), &options()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
    assert_eq!(names(home.path()), ["db"]);
    assert_eq!(fs::read_link(home.path().join("db")).unwrap(), Path::new("nowhere"));
}

#[test]
fn a_database_that_is_there_is_not_made_again_and_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    let elsewhere = tempfile::tempdir().unwrap();
    let store = FileStore::create(elsewhere.path().join("db"), schema(), &options()).unwrap();
    let before = tree(home.path());
    let refused = [FileStore::create(&dir, schema(), &options()).map(drop), store.backup_to(&dir)];
    for refused in refused {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Io);
    }
    assert_eq!(tree(home.path()), before);
}

/// Files of a database without its manifest: neither a database, nor an empty directory.
#[test]
fn what_a_database_without_its_manifest_has_is_not_taken_for_left_over() {
    let home = tempfile::tempdir().unwrap();
    let whole = home.path().join("whole");
    made(&whole, 0..10);
    for kept in [&["log-"][..], &["lock", "log-"], &["lock", "log-", "reserve"]] {
        let dir = home.path().join("db");
        fs::create_dir(&dir).unwrap();
        for name in
            names(&whole).iter().filter(|name| kept.iter().any(|kept| name.starts_with(kept)))
        {
            fs::copy(whole.join(name), dir.join(name)).unwrap();
        }
        let before = tree(&dir);
        let created = FileStore::create(&dir, schema(), &options()).unwrap_err();
        assert!(matches!(created.kind(), ErrorKind::Io | ErrorKind::Damaged), "{created}");
        for refused in [
            FileStore::open_or_create(&dir, schema(), &options()),
            FileStore::open(&dir, &options()),
        ] {
            let error = refused.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
            assert!(error.to_string().contains("manifest"), "{error}");
        }
        assert_eq!(tree(&dir), before);
        fs::remove_dir_all(dir).unwrap();
    }
}

#[test]
fn a_new_database_is_for_its_owner_alone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    made(&dir, 0..10);
    for (path, (mode, ..)) in tree(&dir) {
        let expected = if path.as_os_str().is_empty() { 0o700 } else { 0o600 };
        assert_eq!(mode & 0o777, expected, "{}", path.display());
    }
    assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o777, 0o700);
}

/// Another program puts a file into the empty directory in which a database is being made, right before
/// any of the calls that this takes.
fn law_of_a_file_that_appears(name: &str, options: &FileOptions) -> Law {
    const MINE: &[u8] = b"mine, and nothing of a database";
    let path = Path::new("disk/db").join(name);
    for call in 1.. {
        let disk = SimVfs::new();
        disk.put(Path::new("disk/db/notes"), b"").unwrap();
        disk.interfere(Outside::Remove("disk/db/notes".into())).unwrap();
        let put = Outside::Put(path.clone(), MINE.to_vec());
        disk.interfere_at(call, move |_| Some(put));
        let options = options.clone().with_vfs(disk.clone()).with_seed(1);
        let created = FileStore::create("disk/db", schema(), &options);
        if disk.interfered().is_none() {
            return created.map(drop).map_err(|error| error.to_string());
        }
        let found = disk.files().remove(&path);
        holds(found.as_deref() == Some(MINE), || {
            format!("what appeared at call {call} is gone: {found:?}")
        })?;
    }
    Ok(())
}

#[test]
fn a_file_that_appears_while_a_database_is_made_is_not_replaced() {
    let parts = ["log-00000002", "segment-00000003", "derived-00000003", "reserve"];
    for name in ["manifest-00000001", "lock", "notes"].into_iter().chain(parts) {
        assert_eq!(law_of_a_file_that_appears(name, &options()), Ok(()), "{name}");
    }
}

#[test]
fn a_store_that_renames_over_others_is_caught() {
    let over_others = options().with_defect(Defect::RenamesOverOthers);
    for name in ["manifest-00000001", "lock"] {
        let broken = law_of_a_file_that_appears(name, &over_others);
        assert!(broken.is_err_and(|what| what.contains("is gone")), "the planted defect is seen");
    }
}
