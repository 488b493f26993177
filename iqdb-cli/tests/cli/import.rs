//! `iqdb import`.

use std::fs;

use crate::files::{Files, WORDS, npy};
use crate::run::{json, snapshot};

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn database(dim: &str) -> Files {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", dim, "--metric", "cosine"]);
    files
}

#[test]
fn import_says_what_it_has_done() {
    let files = database("2");
    files.write("words.jsonl", WORDS.as_bytes());
    snapshot("import", &files.run(&["import", "db", "words.jsonl"]));
    assert_eq!(files.records(), sorted(WORDS));
    snapshot("import_again", &files.run(&["import", "db", "words.jsonl"]));
    snapshot("import_resumed", &files.run(&["import", "db", "words.jsonl", "--resume"]));
    let line = files.ok(&["import", "db", "words.jsonl", "--resume", "--json"]);
    for (key, value) in
        [("rows", 4), ("inserted", 0), ("replaced", 0), ("resumed", 4), ("records", 4)]
    {
        assert_eq!(json(&line, key), value, "{line}");
    }
}

#[test]
fn import_reads_a_folder_and_its_parts() {
    let files = database("2");
    fs::create_dir(files.path("words")).unwrap();
    files.floats("words/base.npy", &[[1.0, 0.0], [0.0, 2.0]]);
    let numbers = [r#"{"id":0,"vector":[1.0,0.0]}"#, r#"{"id":1,"vector":[0.0,2.0]}"#];
    let names = [
        r#"{"id":"a","vector":[1.0,0.0],"payload":{"lang":"en"}}"#,
        r#"{"id":"b","vector":[0.0,2.0],"payload":{"lang":"de"}}"#,
    ];
    files.ok(&["import", "db", "words"]);
    assert_eq!(files.records(), numbers);
    files.write(
        "words/payload.jsonl",
        b"{\"id\":\"a\",\"lang\":\"en\"}\n{\"id\":\"b\",\"lang\":\"de\"}\n",
    );
    files.ok(&["rm", "db", "0", "1"]);
    files.ok(&["import", "db", "words/"]);
    assert_eq!(files.records(), names);
    files.ok(&["rm", "db", "a", "b"]);
    files.ok(&["import", "db", "words/base.npy", "--payload", "words/payload.jsonl"]);
    assert_eq!(files.records(), names);
    files.ok(&["rm", "db", "a", "b"]);
    files.write("base.FVECS", &[2_u32.to_le_bytes(), 1_f32.to_le_bytes(), [0; 4]].concat());
    files.ok(&["import", "db", "base.FVECS"]);
    assert_eq!(files.records(), numbers[..1]);
}

#[test]
fn import_writes_nothing_of_the_batch_with_a_bad_row() {
    let files = database("2");
    let mut text: String =
        (0..7).map(|id| format!("{{\"id\":{id},\"vector\":[1.0,{id}]}}\n")).collect();
    text += "{\"id\":7,\"vector\":[1.0,\"x\"]}\n{\"id\":8,\"vector\":[1.0,8]}\n";
    files.write("words.jsonl", text.as_bytes());
    let ran = files.run(&["import", "db", "words.jsonl", "--batch", "3"]);
    snapshot("import_bad_row", &ran);
    assert_eq!(json(&files.ok(&["info", "db", "--json"]), "records"), 6);
    files.write("words.jsonl", text.replace("\"x\"", "7").as_bytes());
    let line = files.ok(&["import", "db", "words.jsonl", "--batch", "4", "--resume", "--json"]);
    for (key, value) in [("rows", 9), ("inserted", 3), ("resumed", 6), ("records", 9)] {
        assert_eq!(json(&line, key), value, "{line}");
    }
}

#[test]
fn import_names_the_row_that_does_not_fit_the_database() {
    let files = database("2");
    let refused = |name: &str, exit: i32, args: &[&str]| {
        let ran = files.run(&[&["import", "db"], args].concat());
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{name}: {}", ran.err);
        snapshot(name, &ran);
    };
    files.write("base.csv", b"id,v0,v1\n1,1,2\n2,0,0\n");
    refused("import_zero", 3, &["base.csv"]);
    files.write("base.csv", b"id,v0,v1,v2\n1,1,2,3\n");
    refused("import_wide", 2, &["base.csv"]);
    files.write(
        "base.jsonl",
        format!("{{\"id\":\"{}\",\"vector\":[1,2]}}", "x".repeat(513)).as_bytes(),
    );
    refused("import_long_id", 3, &["base.jsonl"]);
    files.floats("base.npy", &[[1.0, 0.0], [0.0, f32::NAN]]);
    refused("import_not_finite", 3, &["base.npy"]);
    files.write("base.npy", &npy("<f4", 1 << 40, 1 << 20, &[0; 64]));
    refused("import_huge", 3, &["base.npy"]);
    files.floats("base.npy", &[[1.0, 0.0], [0.0, 1.0]]);
    files.write("payload.jsonl", b"{\"id\": 1}\n");
    refused("import_few_payloads", 3, &["base.npy", "--payload", "payload.jsonl"]);
    refused("import_payload_twice", 2, &["payload.jsonl", "--payload", "payload.jsonl"]);
    refused("import_unknown_format", 2, &["base.txt"]);
    let absent = files.run(&["import", "db", "absent.csv"]);
    assert_eq!(absent.exit, 2);
    assert!(absent.err.contains("opening absent.csv"), "{}", absent.err);
    assert_eq!(json(&files.ok(&["info", "db", "--json"]), "records"), 0);
    let parquet = files.run(&["import", "db", "base.parquet"]);
    assert_eq!(parquet.exit, 2, "{}", parquet.err);
}
