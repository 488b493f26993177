//! What holds for every command: help, usage errors, pipes.

use std::io::Read;
use std::process::{Command, Stdio};

use crate::run::{iqdb, snapshot};

#[test]
fn help_says_what_there_is() {
    for (name, args) in [
        ("help", &["--help"][..]),
        ("help_demo", &["demo", "--help"]),
        ("help_bench", &["bench", "--help"]),
        ("help_create", &["create", "--help"]),
        ("help_import", &["import", "--help"]),
        ("help_export", &["export", "--help"]),
        ("help_info", &["info", "--help"]),
        ("help_get", &["get", "--help"]),
        ("help_rm", &["rm", "--help"]),
        ("help_search", &["search", "--help"]),
        ("help_verify", &["verify", "--help"]),
        ("help_index", &["index", "--help"]),
        ("help_compact", &["compact", "--help"]),
        ("help_backup", &["backup", "--help"]),
        ("help_completions", &["completions", "--help"]),
    ] {
        let ran = iqdb(args);
        assert_eq!(ran.exit, 0);
        snapshot(name, &ran);
    }
}

#[test]
fn version_is_that_of_the_package() {
    let ran = iqdb(&["--version"]);
    assert_eq!((ran.exit, ran.out), (0, format!("iqdb {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn wrong_arguments_are_a_usage_error() {
    for args in [
        &[][..],
        &["serve"],
        &["demo", "--pos", "article"],
        &["demo", "-k", "0"],
        &["demo", "-k", "many"],
        &["demo", "ocean", "sea"],
        &["bench"],
        &["bench", "--base", "b", "--queries", "q", "--metric", "hamming"],
        &["bench", "--base", "b", "--queries", "q", "--metric", "dot", "--backend", "none"],
        &["bench", "--base", "b", "--queries", "q", "--metric", "dot", "--threads", "0"],
        &["bench", "--base=b", "--queries=q", "--truth=t", "--metric=dot", "--limit=1"],
        &["bench", "db", "--queries", "q", "--metric", "dot"],
        &["bench", "db", "--queries", "q", "--base", "b"],
        &["bench", "db", "--queries", "q", "--backend", "arena"],
        &["bench", "db", "--queries", "q", "--limit", "1"],
        &["create", "db", "--dim", "0", "--metric", "dot"],
        &["create", "db", "--dim", "3"],
        &["create", "db"],
        &["create", "db", "--metric", "dot"],
        &["create", "db", "--dim", "3", "--metric", "hamming"],
        &["create", "db", "--field", "title:3"],
        &["import", "db"],
        &["import", "db", "f", "--batch", "0"],
        &["get", "db"],
        &["get", "db", "\"open"],
        &["search", "db"],
        &["search", "db", "--like", "a", "--vector", "f"],
    ] {
        let ran = iqdb(args);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(ran.err.contains("--help") || ran.err.contains("Usage: iqdb"), "{args:?}");
    }
}

#[test]
fn a_pipe_shows_no_escape_sequences() {
    for args in [&["demo"][..], &["--help"], &["demo", "oceen"], &["serve"]] {
        let ran = iqdb(args);
        assert!(!(ran.out + &ran.err).contains('\x1b'), "{args:?}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    for args in
        [&["demo", "-k", "4000", "--json"][..], &["bench", "--help"], &["completions", "bash"]]
    {
        let mut child = Command::new(env!("CARGO_BIN_EXE_iqdb"))
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Closed before anything can have been written to it.
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
}
