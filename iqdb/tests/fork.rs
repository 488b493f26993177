//! A process forks while a handle is open, and the thread of the handle is not there in the child: the
//! child drops the handle, and neither waits for that thread nor fails.

#![cfg(all(unix, feature = "arena", feature = "file"))]
#![allow(clippy::unwrap_used)]

use std::io::Error as IoError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use iqdb::{Backend, ErrorKind, Iqdb, Metric, Record, Schema};

/// Which test runs alone in this process.
const TEST: &str = "IQDB_TEST_ALONE";
const DONE: &str = "this part is done";

/// How long a child may take, in seconds, before the system ends it.
const SECONDS: u32 = 20;

/// How often a process forks, so that the thread is at work at some of the times.
const FORKS: u64 = 20;

/// Does `part` in a process of its own, where no other test runs beside it.
fn alone(test: &str, part: impl FnOnce()) {
    if std::env::var(TEST).is_ok_and(|found| found == test) {
        part();
        eprintln!("{DONE}");
        return;
    }
    let mut this = Command::new(std::env::current_exe().unwrap());
    this.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(TEST, test);
    let output = this.output().unwrap();
    let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
    let is_well = output.status.success() && said.contains(DONE) && !said.contains("panicked");
    assert!(is_well, "{}, and it said:\n{said}", output.status);
}

/// Does `part` in a forked child, which must end well.
fn in_a_child(part: impl FnOnce()) {
    // SAFETY: the test has this process for itself, and its other threads print nothing. The C library
    // holds the allocator's locks while it forks. The child ends here and drops nothing else.
    #[allow(unsafe_code)]
    let child = unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::alarm(SECONDS);
            let went = catch_unwind(AssertUnwindSafe(part));
            libc::_exit(i32::from(went.is_err()));
        }
        child
    };
    assert!(child > 0, "no fork: {}", IoError::last_os_error());
    let mut status = 0;
    // SAFETY: it is a child that was not waited for, and the status is a number that lives.
    #[allow(unsafe_code)]
    let ended = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(ended, child, "{}", IoError::last_os_error());
    assert!(!libc::WIFSIGNALED(status), "ended by signal {}", libc::WTERMSIG(status));
    assert_eq!(libc::WEXITSTATUS(status), 0, "the child says that it went wrong");
}

fn schema() -> Schema {
    Schema::new(4, Metric::Cosine).unwrap()
}

fn write(db: &Iqdb, n: u64) {
    let records =
        (n * 1_000..n * 1_000 + 1_000).map(|n| Record::new(n, [n as f32, 1.0, 2.0, 3.0]).unwrap());
    db.upsert_many(records).unwrap();
}

/// Forks between writes, each of which wakes the thread, and drops the handle in the child.
fn forks_and_drops(db: Iqdb, in_the_child: impl Fn(&Iqdb)) {
    let mut open = Some(db);
    for n in 0..FORKS {
        write(open.as_ref().unwrap(), n);
        in_a_child(|| {
            let db = open.take().unwrap();
            in_the_child(&db);
            let other = db.clone();
            drop(db);
            drop(other);
        });
    }
    let db = open.unwrap();
    assert_eq!(db.len().unwrap(), FORKS * 1_000);
    assert_eq!(db.search([1.0; 4], 3).unwrap().to_vec().len(), 3);
}

#[test]
fn a_forked_child_drops_a_database_in_memory_whose_thread_is_running() {
    alone("a_forked_child_drops_a_database_in_memory_whose_thread_is_running", || {
        let db = Iqdb::builder().backend(Backend::Arena).open_in_memory(schema()).unwrap();
        forks_and_drops(db, |_| ());
    });
}

#[test]
fn a_forked_child_drops_a_database_in_a_directory_whose_thread_is_running() {
    alone("a_forked_child_drops_a_database_in_a_directory_whose_thread_is_running", || {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("db");
        forks_and_drops(Iqdb::create(&dir, schema()).unwrap(), |db| {
            for error in [
                db.upsert(Record::new(1, [1.0; 4]).unwrap()).err().unwrap(),
                db.search([1.0; 4], 3).err().unwrap(),
                db.query([1.0; 4]).k(3).threads(2).run().err().unwrap(),
                db.len().unwrap_err(),
                db.compact().unwrap_err(),
                db.file_stats().unwrap_err(),
            ] {
                assert_eq!(error.kind(), ErrorKind::NotSupported, "{error:?}");
            }
            assert_eq!(Iqdb::open(&dir).unwrap_err().kind(), ErrorKind::Locked);
        });
        let db = Iqdb::open(&dir).unwrap();
        assert_eq!(db.file_stats().unwrap().records, FORKS * 1_000);
    });
}
