//! `iqdb create`, `add-field`, `info`, `get`, `rm`, `verify`, `compact`, `backup` and `completions`.

use std::fs;

use crate::files::{Files, WORDS};
use crate::run::{iqdb, json, snapshot};

#[test]
fn create_makes_an_empty_database_once() {
    let files = Files::none();
    let args = ["create", "db", "--dim", "384", "--metric", "cosine"];
    assert_eq!(files.ok(&args), "Created db: 384 components of f32, cosine.\n");
    assert_eq!(json(&files.ok(&["info", "db", "--json"]), "records"), 0);
    let again = files.run(&args);
    assert_eq!((again.exit, again.out.as_str()), (2, ""));
    assert!(again.err.starts_with("error: "), "{}", again.err);
    let none = files.run(&["create", "other", "--dim", "65537", "--metric", "dot"]);
    assert_eq!(none.exit, 2);
    assert!(!files.path("other").exists());
}

#[test]
fn add_field_adds_one_to_a_database_with_records_once() {
    let files = Files::words();
    let args = ["add-field", "db", "image:3:dot:f16"];
    let said = "Added image: 3 components of f16, dot. None of 4 records has a vector of it yet.\n";
    assert_eq!(files.ok(&args), said);
    let info = json(&files.ok(&["info", "db", "--json"]), "fields");
    assert_eq!(info[1]["name"], "image", "{info}");
    let again = files.run(&args);
    assert_eq!((again.exit, again.out.as_str()), (2, ""));
    assert!(again.err.contains("already exists"), "{}", again.err);
    files.write("image.jsonl", br#"{"id": 77, "vectors": {"image": {"f16": [1.0, 0.0, 2.0]}}}"#);
    files.ok(&["import", "db", "image.jsonl"]);
    files.ok(&["verify", "db"]);
    assert!(files.ok(&["get", "db", "77"]).contains(r#""f16":[1.0,0.0,2.0]"#));
}

#[test]
fn a_database_that_is_not_there_is_an_error_of_every_command() {
    let files = Files::none();
    files.write("words.jsonl", WORDS.as_bytes());
    for args in [
        &["info", "db"][..],
        &["get", "db", "1"],
        &["rm", "db", "1"],
        &["import", "db", "words.jsonl"],
        &["export", "db", "out.jsonl"],
        &["search", "db", "--like", "1"],
        &["verify", "db"],
        &["compact", "db"],
        &["add-field", "db", "image:3:dot"],
        &["backup", "db", "to"],
        &["bench", "db", "--queries", "q.npy"],
    ] {
        let ran = files.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{args:?}: {}", ran.err);
        assert!(ran.err.contains("db"), "{args:?}: {}", ran.err);
    }
    let left: Vec<_> = fs::read_dir(files.0.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn info_says_what_a_database_is() {
    let files = Files::words();
    let line = files.ok(&["info", "db", "--json"]);
    for (key, value) in [("records", 4), ("version", 1), ("dead_rows", 0)] {
        assert_eq!(json(&line, key), value, "{line}");
    }
    let field = serde_json::json!(
        {"name": "vector", "element": "f32", "dim": 2, "metric": "euclidean"}
    );
    assert_eq!(json(&line, "fields"), serde_json::json!([field]));
    assert!(json(&line, "bytes").as_u64().unwrap() > 32, "{line}");
    let text = files.ok(&["info", "db"]);
    for part in
        ["database  db\n", "field     vector: 2 components of f32, euclidean\n", "records   4\n"]
    {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn get_prints_records_as_they_were_imported() {
    let files = Files::words();
    let lines: Vec<_> = WORDS.lines().collect();
    assert_eq!(
        files.ok(&["get", "db", "\"7\"", "7", "sea"]),
        format!("{}\n{}\n{}\n", lines[2], lines[3], lines[0])
    );
    assert_eq!(files.ok(&["get", "db", "7", "--no-vector"]), "{\"id\":7}\n");
    snapshot("get_absent", &files.run(&["get", "db", "sea", "ocean", "8"]));
    snapshot("get_absent_alone", &files.run(&["get", "db", "8"]));
}

#[test]
fn rm_deletes_by_id_or_by_filter() {
    let files = Files::words();
    snapshot("rm_absent", &files.run(&["rm", "db", "7", "ocean", "sea"]));
    let before = files.records();
    let german = ["rm", "db", "--where", "lang = \"de\""];
    snapshot("rm_unconfirmed", &files.run(&german));
    let dry = [&german[..], &["--dry-run"]].concat();
    assert_eq!(files.ok(&dry), "Would delete 1 record of 2 records.\n");
    let dry = files.ok(&["rm", "db", "\"7\"", "\"7\"", "ocean", "--dry-run"]);
    assert_eq!(dry, "Would delete 1 record of 2 records.\n");
    assert_eq!(files.records(), before);
    let yes = [&german[..], &["--yes"]].concat();
    assert_eq!(files.ok(&yes), "Deleted 1 record; 1 record left.\n");
    assert_eq!(
        files.ok(&["rm", "db", "--where", "lang = \"de\""]),
        "Deleted 0 records; 1 record left.\n"
    );
    assert_eq!(files.records(), [WORDS.lines().nth(2).unwrap()]);
    for args in [
        &["rm", "db"][..],
        &["rm", "db", "7", "--where", "lang exists"],
        &["rm", "db", "--where", "lang exists", "--yes", "--dry-run"],
    ] {
        assert_eq!(files.run(args).exit, 2);
    }
    snapshot("rm_filter", &files.run(&["rm", "db", "--where", "lang = = 7"]));
}

#[test]
fn a_key_that_no_record_has_is_said() {
    let files = Files::words();
    let misspelt = "langg = \"de\" or not (lang = \"en\" and author.name exists and langg is null)";
    let said = "note: no record has the key langg, which the filter names\n\
        note: no record has the key author.name, which the filter names\n";
    for args in [
        &["search", "db", "--like", "7", "--where", misspelt][..],
        &["export", "db", "out.jsonl", "--where", misspelt],
        &["rm", "db", "--dry-run", "--where", misspelt],
        &["rm", "db", "--yes", "--where", misspelt],
    ] {
        let ran = files.run(args);
        assert_eq!((ran.exit, ran.err.as_str()), (0, said), "{args:?}");
    }
    files.ok(&["rm", "db", "--where", "not @id in []", "--yes"]);
    files.ok(&["rm", "db", "--where", misspelt]);
}

#[test]
fn verify_compact_and_backup_leave_what_is_there() {
    let files = Files::words();
    files.ok(&["rm", "db", "7"]);
    let before = files.records();
    assert!(files.ok(&["verify", "db"]).contains("3 records"));
    assert!(files.ok(&["compact", "db"]).starts_with("Compacted "));
    assert_eq!(files.records(), before);
    assert_eq!(files.ok(&["backup", "db", "copy"]), "Copied 3 records to copy.\n");
    assert_eq!(files.run(&["backup", "db", "copy"]).exit, 2);
    files.ok(&["rm", "copy", "sea"]);
    assert_eq!(files.records(), before);
    files.ok(&["verify", "copy"]);
}

#[test]
fn a_database_that_somebody_writes_is_locked() {
    let files = Files::words();
    files.write("words.jsonl", WORDS.as_bytes());
    let held = iqdb::Iqdb::open(files.path("db")).unwrap();
    for args in [&["info", "db"][..], &["rm", "db", "7"], &["import", "db", "words.jsonl"]] {
        let ran = files.run(args);
        assert_eq!((ran.exit, ran.out.as_str()), (4, ""), "{args:?}: {}", ran.err);
    }
    drop(held);
    let read = iqdb::Iqdb::open_read_only(files.path("db")).unwrap();
    files.ok(&["info", "db"]);
    assert_eq!(files.run(&["rm", "db", "7"]).exit, 4);
    drop(read);
    files.ok(&["rm", "db", "7"]);
}

#[test]
fn verify_finds_a_bit_that_is_not_what_was_written() {
    let files = Files::words();
    files.ok(&["compact", "db"]);
    files.ok(&["verify", "db"]);
    let vector = [9_f32, 9.0].map(f32::to_le_bytes).concat();
    let mut damaged = 0;
    for entry in fs::read_dir(files.path("db")).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        if let Some(at) = bytes.windows(8).position(|window| window == vector) {
            bytes[at] ^= 1;
            fs::write(&path, bytes).unwrap();
            damaged += 1;
        }
    }
    assert_eq!(damaged, 1);
    let ran = files.run(&["verify", "db"]);
    assert_eq!((ran.exit, ran.out.as_str()), (3, ""), "{}", ran.err);
    assert!(ran.err.starts_with("error: damaged data: "), "{}", ran.err);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = iqdb(&["completions", shell]);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
        for word in ["import", "search", "resume"] {
            assert!(ran.out.contains(word), "{shell} without {word}");
        }
    }
    assert_eq!(iqdb(&["completions", "tcsh"]).exit, 2);
}
