//! `iqdb export`, and that what it writes is read back.

use std::fs;

use crate::files::{Files, WORDS};
use crate::run::snapshot;

#[test]
fn what_is_exported_is_imported_bit_for_bit() {
    let files = Files::words();
    let before = files.records();
    for (file, payload) in [
        ("out.jsonl", None),
        ("out.csv", None),
        ("out.npy", Some("payload.jsonl")),
        ("out.fvecs", Some("payload.jsonl")),
        ("out.fbin", Some("payload.jsonl")),
    ] {
        let payload: Vec<_> = payload.iter().flat_map(|payload| ["--payload", payload]).collect();
        files.ok(&[&["export", "db", file, "--force"], &payload[..]].concat());
        // Nothing in the file is taken for what is there already: everything is compared.
        files.ok(&[&["import", "db", file, "--resume"], &payload[..]].concat());
        assert_eq!(files.records(), before, "{file}");

        files.ok(&["rm", "db", "--where", "not @id in []", "--yes"]);
        assert_eq!(files.records(), [""; 0]);
        files.ok(&[&["import", "db", file], &payload[..]].concat());
        assert_eq!(files.records(), before, "{file}");
    }
}

#[test]
fn vectors_alone_are_announced_as_such() {
    let files = Files::words();
    snapshot("export_vectors", &files.run(&["export", "db", "out.npy"]));
    let bytes = fs::read(files.path("out.npy")).unwrap();
    assert_eq!((bytes.len(), bytes.len() % 64), (128 + 4 * 8, 32));
    snapshot("export_where", &files.run(&["export", "db", "de.jsonl", "--where", "lang = \"de\""]));
    assert_eq!(
        fs::read_to_string(files.path("de.jsonl")).unwrap(),
        format!("{}\n", WORDS.lines().nth(1).unwrap())
    );
}

#[test]
fn a_file_appears_whole_or_not_at_all_and_replaces_none_unasked() {
    let files = Files::words();
    files.write("mine.jsonl", b"mine");
    let refused = |name: &str, args: &[&str]| {
        let ran = files.run(&[&["export", "db"], args].concat());
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        snapshot(name, &ran);
    };
    refused("export_exists", &["mine.jsonl"]);
    refused("export_payload_twice", &["out.csv", "--payload", "p.jsonl"]);
    refused("export_parquet", &["out.parquet"]);
    files.write("v.jsonl", b"{\"id\":\"v\",\"vector\":[1,1],\"v2\":true}");
    files.ok(&["import", "db", "v.jsonl"]);
    refused("export_column_taken", &["out.csv"]);
    assert_eq!(fs::read(files.path("mine.jsonl")).unwrap(), b"mine");
    let mut names: Vec<_> = fs::read_dir(files.0.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ["db", "mine.jsonl", "v.jsonl", "words.jsonl"]);
}
