//! Fields of every kind: made, filled, searched, and exported so that every bit comes back.

use std::fs;

use serde_json::{Map, Value};

use crate::files::{Files, npy};
use crate::run::{iqdb_given, json, snapshot};

/// A record with every field, one with two, and two that have one or none. A line is as
/// `iqdb export` writes it.
const RECORDS: &str = r#"{"id":1,"vector":[0.1,-0.0],"vectors":{"bits":{"binary":{"dim":9,"bytes":[255,128]}},"brain":{"bf16":[3.0,-0.0]},"half":{"f16":[0.099975586,-0.0]},"small":{"i8":[-128,127]},"terms":{"sparse":{"indices":[3,4294967295],"weights":[0.1,-1e-45]}}},"payload":{"lang":"en"}}
{"id":"two","vectors":{"bits":{"binary":{"dim":9,"bytes":[1,0]}},"small":{"i8":[0,-1]}}}
{"id":3,"vectors":{"half":{"f16":[5.9604645e-8,65504.0]}},"payload":{"lang":"de"}}
{"id":4}
"#;

const CREATE: [&str; 15] = [
    "--dim",
    "2",
    "--metric",
    "dot",
    "--field",
    "half:2:cosine:f16",
    "--field",
    "brain:2:dot:bf16",
    "--field",
    "small:2:euclidean:i8",
    "--field",
    "bits:9:hamming:binary",
    "--field",
    "terms:sparse:dot",
    "db",
];

/// A database `db` with a field of each kind.
fn filled() -> Files {
    let files = Files::none();
    files.ok(&[&["create"][..], &CREATE].concat());
    files.write("records.jsonl", RECORDS.as_bytes());
    files.ok(&["import", "db", "records.jsonl"]);
    files
}

fn clear(files: &Files) {
    files.ok(&["rm", "db", "--where", "not @id in []", "--yes"]);
    assert_eq!(files.records(), [""; 0]);
}

fn sorted(text: &str) -> Vec<String> {
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The records that have the field, with it alone, in one spelling.
fn projected(lines: &[String], field: &str) -> Vec<String> {
    let project = |line: &String| {
        let mut record: Map<String, Value> = serde_json::from_str(line).unwrap();
        let named =
            record.remove("vectors").and_then(|mut named| Some(named.get_mut(field)?.take()));
        let default = record.remove("vector").filter(|_| field == "vector");
        record.insert("only".into(), named.or(default)?);
        Some(serde_json::to_string(&record).unwrap())
    };
    let mut lines: Vec<_> = lines.iter().filter_map(project).collect();
    lines.sort();
    lines
}

#[test]
fn records_of_every_kind_are_exported_and_imported_bit_for_bit() {
    let files = filled();
    assert_eq!(files.records(), sorted(RECORDS));
    files.ok(&["export", "db", "out.jsonl"]);
    let resumed = files.ok(&["import", "db", "out.jsonl", "--resume", "--json"]);
    assert_eq!((json(&resumed, "resumed"), json(&resumed, "replaced")), (4.into(), 0.into()));
    clear(&files);
    files.ok(&["import", "db", "out.jsonl"]);
    assert_eq!(files.records(), sorted(RECORDS));
    assert_eq!(files.ok(&["get", "db", "1"]), format!("{}\n", RECORDS.lines().next().unwrap()));
}

#[test]
fn columns_of_every_kind_are_exported_and_imported_bit_for_bit() {
    let files = filled();
    let fields = ["vector", "half", "brain", "small", "bits", "terms"];
    let fields: Vec<_> = fields.iter().flat_map(|field| ["--field", field]).collect();
    let said = files.ok(&[&["export", "db", "out.csv"], &fields[..]].concat());
    assert!(!said.contains("Only"), "{said}");
    clear(&files);
    files.ok(&[&["import", "db", "out.csv"], &fields[..]].concat());
    assert_eq!(files.records(), sorted(RECORDS));
}

#[test]
fn vectors_of_a_field_are_exported_and_imported_bit_for_bit() {
    for (field, descr, columns, file) in [
        ("vector", "<f4", 2, "out.npy"),
        ("half", "<f2", 2, "out.npy"),
        ("small", "|i1", 2, "out.npy"),
        ("bits", "|u1", 2, "out.npy"),
        ("vector", "", 2, "out.fvecs"),
        ("vector", "", 2, "out.fbin"),
    ] {
        let files = filled();
        let expected = projected(&files.records(), field);
        assert!(!expected.is_empty());
        let options = ["--field", field, "--payload", "payload.jsonl"];
        files.ok(&[&["export", "db", file], &options[..]].concat());
        if file == "out.npy" {
            let header = format!(
                "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}, {columns}), }}",
                expected.len()
            );
            let bytes = fs::read(files.path(file)).unwrap();
            assert!(String::from_utf8_lossy(&bytes).contains(&header), "{field}");
        }
        clear(&files);
        files.ok(&[&["import", "db", file], &options[..]].concat());
        assert_eq!(projected(&files.records(), field), expected, "{field} by {file}");
    }
}

#[test]
fn what_a_file_has_no_room_for_is_said() {
    let files = filled();
    snapshot("export_field", &files.run(&["export", "db", "small.npy", "--field", "small"]));
    for (name, args) in [
        ("export_bf16", ["brain.npy", "--field", "brain"]),
        ("export_sparse", ["terms.npy", "--field", "terms"]),
        ("export_f16_fbin", ["half.fbin", "--field", "half"]),
        ("export_unknown_field", ["half.npy", "--field", "image"]),
        ("export_jsonl_field", ["half.jsonl", "--field", "half"]),
    ] {
        let ran = files.run(&[&["export", "db"], &args[..]].concat());
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{name}: {}", ran.err);
        assert!(!files.path(args[0]).exists());
        snapshot(name, &ran);
    }
    let two = ["export", "db", "two.npy", "--field", "half", "--field", "small"];
    assert_eq!(files.run(&two).exit, 2);
}

#[test]
fn vectors_of_another_element_are_refused() {
    let files = filled();
    let before = files.records();
    files.floats("floats.npy", &[[0.5, 1.0]]);
    files.write("bits.npy", &npy("|u1", 1, 2, &[255, 129]));
    files.write("i8.jsonl", br#"{"id": 9, "vector": {"i8": [1, 2]}}"#);
    files.write("unknown.jsonl", br#"{"id": 9, "vectors": {"image": [1, 2]}}"#);
    for (name, args) in [
        ("import_f32_as_f16", &["floats.npy", "--field", "half"][..]),
        ("import_spare_bits", &["bits.npy", "--field", "bits"]),
        ("import_npy_bf16", &["floats.npy", "--field", "brain"]),
        ("import_i8_as_f32", &["i8.jsonl"]),
        ("import_unknown_field", &["unknown.jsonl"]),
        ("import_jsonl_field", &["i8.jsonl", "--field", "small"]),
    ] {
        let ran = files.run(&[&["import", "db"], args].concat());
        assert_ne!(ran.exit, 0, "{name}");
        snapshot(name, &ran);
    }
    assert_eq!(files.records(), before);
}

#[test]
fn a_search_asks_a_field_for_vectors_of_its_element() {
    let files = filled();
    for (field, line, expected) in [
        ("vector", "[1, 0]", vec![(Value::from(1), -f64::from(0.1_f32))]),
        ("half", "{\"f16\": [0, 1]}", vec![(3.into(), 0.0), (1.into(), 1.0)]),
        ("brain", "{\"bf16\": [1, 0]}", vec![(1.into(), -3.0)]),
        ("small", "{\"i8\": [0, -1]}", vec![("two".into(), 0.0), (1.into(), 32_768_f64.sqrt())]),
        (
            "bits",
            "{\"binary\": {\"dim\": 9, \"bytes\": [1, 0]}}",
            vec![("two".into(), 0.0), (1.into(), 8.0)],
        ),
        (
            "terms",
            "{\"sparse\": {\"indices\": [3], \"weights\": [1]}}",
            vec![(1.into(), -f64::from(0.1_f32))],
        ),
    ] {
        let args = ["search", "db", "--field", field, "--stdin", "--json"];
        let ran = iqdb_given(files.0.path(), &args, line);
        assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{field}");
        let found: Vec<_> = ran
            .out
            .lines()
            .map(|line| (json(line, "id"), json(line, "distance").as_f64().unwrap()))
            .collect();
        assert_eq!(found.len(), expected.len(), "{field}: {found:?}");
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found.0, expected.0, "{field}");
            assert!((found.1 - expected.1).abs() < 1e-6, "{field}: {found:?}");
        }

        files.write("query.jsonl", line.as_bytes());
        let from_file = ["search", "db", "--field", field, "--vector", "query.jsonl", "--json"];
        assert_eq!(files.ok(&from_file), ran.out, "{field}");
    }
    files.write("bits.npy", &npy("|u1", 1, 2, &[1, 0]));
    let args = ["search", "db", "--field", "bits", "--vector", "bits.npy", "--json", "-k", "1"];
    assert_eq!(json(&files.ok(&args), "id"), "two");
    let like = files.ok(&["search", "db", "--field", "small", "--like", "1", "--json"]);
    assert_eq!(json(&like, "id"), "two");
}

#[test]
fn a_search_says_which_field_it_lacks() {
    let files = filled();
    let search = |args: &[&str]| files.run(&[&["search", "db"], args].concat());
    snapshot("search_like_without_vector", &search(&["--like", "two"]));
    snapshot("search_unknown_field", &search(&["--like", "two", "--field", "image"]));
    let args = ["search", "db", "--field", "half", "--stdin"];
    snapshot("search_f32_as_f16", &iqdb_given(files.0.path(), &args, "[0.5, 0.5]"));
    files.ok(&["create", "named", "--field", "title:2:cosine"]);
    snapshot("search_without_field", &files.run(&["search", "named", "--like", "1"]));
}

#[test]
fn info_says_which_fields_there_are() {
    let files = Files::none();
    assert_eq!(
        files.ok(&["create", "db", "--field", "title:3:cosine", "--field", "terms:sparse:dot"]),
        "Created db: title: 3 components of f32, cosine; terms: sparse, dot.\n"
    );
    let text = files.ok(&["info", "db"]);
    let lines = "field     title: 3 components of f32, cosine\nfield     terms: sparse, dot\n";
    assert!(text.contains(lines), "{text}");
    let fields = json(&files.ok(&["info", "db", "--json"]), "fields");
    assert_eq!(
        fields,
        serde_json::json!([
            {"name": "title", "element": "f32", "dim": 3, "metric": "cosine"},
            {"name": "terms", "element": "sparse", "dim": null, "metric": "dot"},
        ])
    );
    let twice = ["create", "b", "--field", "a:3:dot", "--field", "a:sparse:dot"];
    assert_eq!(files.run(&twice).exit, 2);
    assert!(!files.path("b").exists());
}
