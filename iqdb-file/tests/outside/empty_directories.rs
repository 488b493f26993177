//! A database is made inside a directory that exists and is empty: one made beforehand, a mounted
//! volume, one in which another maker was killed.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use iqdb_core::{ErrorKind, StoreExt};
use iqdb_file::FileStore;

use crate::beside::{left_by_killed_makers, write};
use crate::database::{names, options, record, schema, tree};

fn works(dir: &Path) {
    let store = FileStore::create(dir, schema(), &options()).unwrap();
    store.upsert(record(1)).unwrap();
    drop(store);
    assert_eq!(FileStore::open(dir, &options()).unwrap().len().unwrap(), 1);
}

#[test]
fn an_empty_directory_keeps_its_mode_and_stays_the_same_one() {
    for mode in [0o700, 0o750, 0o2770, 0o755] {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
        let of = |metadata: fs::Metadata| {
            (metadata.mode(), metadata.uid(), metadata.gid(), metadata.dev(), metadata.ino())
        };
        let before = of(fs::metadata(&dir).unwrap());
        works(&dir);
        assert_eq!(of(fs::metadata(&dir).unwrap()), before, "{mode:o}");
        assert_eq!(names(home.path()), ["db"]);
    }
}

#[test]
fn lost_and_found_is_not_counted_and_stays() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("db");
    fs::create_dir_all(dir.join("lost+found")).unwrap();
    fs::write(dir.join("lost+found/#123"), b"found").unwrap();
    works(&dir);
    assert_eq!(fs::read(dir.join("lost+found/#123")).unwrap(), b"found");

    let dir = home.path().join("file");
    fs::create_dir(&dir).unwrap();
    fs::write(dir.join("lost+found"), b"mine").unwrap();
    let error = FileStore::create(&dir, schema(), &options()).unwrap_err();
    assert_eq!((error.kind(), error.finding()), (ErrorKind::Io, Some("lost+found")));
}

#[test]
fn what_a_killed_maker_left_inside_counts_as_nothing() {
    let states = left_by_killed_makers(true);
    assert!(states.len() > 5, "a maker makes more than {} files", states.len());
    for files in states {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &files);
        let before = tree(home.path());
        let dir = home.path().join("db");
        for opened in
            [FileStore::open(&dir, &options()), FileStore::open_read_only(&dir, &options())]
        {
            assert_eq!(opened.unwrap_err().kind(), ErrorKind::Io, "there is no database yet");
        }
        assert_eq!(tree(home.path()), before, "opening changes nothing");
        works(&dir);
        assert_eq!(names(home.path()), ["db"]);
        let strange = |name: &String| name.starts_with(".iqdb") || name.ends_with(".new");
        assert!(!names(&dir).iter().any(strange), "{:?}", names(&dir));
    }
}

#[test]
fn what_a_killed_maker_left_is_nothing_to_open_or_create_either() {
    for files in left_by_killed_makers(true) {
        let home = tempfile::tempdir().unwrap();
        write(home.path(), &files);
        let dir = home.path().join("db");
        let store = FileStore::open_or_create(&dir, schema(), &options()).unwrap();
        store.upsert(record(1)).unwrap();
    }
}

/// Also where a file of ours would have that name.
#[test]
fn what_a_killed_maker_left_does_not_hide_a_foreign_file() {
    for files in left_by_killed_makers(true) {
        for name in ["notes", "reserve", "log-00000009", "segment-00000009", "derived-00000009"] {
            let home = tempfile::tempdir().unwrap();
            write(home.path(), &files);
            let dir = home.path().join("db");
            fs::write(dir.join(name), b"notes that are longer than any header of a file").unwrap();
            let before = tree(home.path());
            let created = FileStore::create(&dir, schema(), &options());
            let files = files.keys();
            assert!(created.is_err(), "{name} beside {files:?} was not counted");
            assert_eq!(tree(home.path()), before, "{name} beside {files:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_empty_volume_is_made_a_database_where_it_is_mounted() {
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    use crate::child::{alone_as, command, this_test};

    /// Where the volume is mounted, in a name space of its own: no other process sees it.
    const VOLUME: &str = "IQDB_TEST_VOLUME";
    const MOUNT: &str = r#"mount -t tmpfs -o size="$2" none "$1" && shift 2 && exec "$@""#;

    let test = this_test!();
    let home = tempfile::tempdir().unwrap();
    let mounted = |program: &[&std::ffi::OsStr], size: &str| {
        let mut within = Command::new("unshare");
        within.args(["--map-root-user", "--mount", "sh", "-c", MOUNT, "sh"]);
        within.arg(home.path()).arg(size).args(program).env(VOLUME, home.path());
        within
    };
    if std::env::var_os(VOLUME).is_none() {
        let tried = mounted(&["true".as_ref()], "1m").output();
        let refused = match &tried {
            Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => error.to_string(),
        };
        if !tried.is_ok_and(|output| output.status.success()) {
            eprintln!("skipped, because nothing can be mounted here: {}", refused.trim());
            return;
        }
    }
    let this = command(test, "alone");
    let program: Vec<_> = std::iter::once(this.get_program()).chain(this.get_args()).collect();
    let mut within = mounted(&program, "1m");
    within.envs(this.get_envs().filter_map(|(name, value)| Some((name, value?))));
    within.process_group(0);
    alone_as(test, within, || {
        let volume = std::path::PathBuf::from(std::env::var_os(VOLUME).unwrap());
        let above = fs::metadata(volume.parent().unwrap()).unwrap();
        assert_ne!(fs::metadata(&volume).unwrap().dev(), above.dev(), "it is mounted");
        let before = fs::metadata(&volume).unwrap();
        works(&volume);
        let after = fs::metadata(&volume).unwrap();
        assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()));
        assert!(names(&volume).iter().any(|name| name.starts_with("manifest-")));

        // On a full volume nothing is left of the attempt.
        let full = volume.join("full");
        fs::create_dir(&full).unwrap();
        let filler = std::io::copy(
            &mut std::io::repeat(1),
            &mut fs::File::create(volume.join("filler")).unwrap(),
        );
        assert_eq!(filler.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
        for target in [&full, &volume.join("absent")] {
            let error = FileStore::create(target, schema(), &options()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Io, "{error:?}");
        }
        assert!(names(&full).is_empty() && !volume.join("absent").exists());
        assert!(!names(&volume).iter().any(|name| name.starts_with(".iqdb")));
    });
}
