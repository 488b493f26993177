//! Files that other tools have made, each imported with its right values or refused with its error.
//!
//! `tests/files/make.py` makes the files and the table of what Python knows them to hold.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::files::Files;
use crate::run::iqdb_in;

/// The records of the database `db`, in the order of their lines.
fn exported(files: &Files) -> Vec<String> {
    files.ok(&["export", "db", "all.jsonl", "--force"]);
    let text = fs::read_to_string(files.path("all.jsonl")).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// What is wrong with a line of the table, or nothing.
fn problem(made: &Path, case: &Value) -> Option<String> {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", "2", "--metric", "dot"]);
    let file = case["file"].as_str().unwrap();
    // Beside the database, so that an error names the file alone.
    fs::copy(made.join(file), files.path(file)).unwrap();
    let args = [&["import", "db", file, "--json"], texts(&case["flags"]).as_slice()].concat();
    let ran = iqdb_in(files.0.path(), &args);
    let Some(records) = case["records"].as_array() else {
        let (exit, error) = (case["exit"].as_i64().unwrap(), case["error"].as_str().unwrap());
        // An error is one text over several lines.
        let said = ran.err.split_whitespace().collect::<Vec<_>>().join(" ");
        let is_it = ran.exit == i32::try_from(exit).unwrap() && said.contains(error);
        let empty = exported(&files).is_empty();
        return (!is_it || !empty).then(|| format!("exit {}, empty {empty}: {said}", ran.exit));
    };
    if ran.exit != 0 {
        return Some(ran.err);
    }
    let notes = serde_json::from_str::<Value>(&ran.out).unwrap()["notes"].clone();
    if notes != case["notes"] {
        return Some(format!("notes: {notes}"));
    }
    let mut expected: Vec<String> = records.iter().map(ToString::to_string).collect();
    expected.sort();
    let found = exported(&files);
    let values = |lines: &[String]| -> Vec<Value> {
        let mut lines: Vec<Value> =
            lines.iter().map(|it| serde_json::from_str(it).unwrap()).collect();
        lines.sort_by_key(ToString::to_string);
        lines
    };
    let (expected, found) = (values(&expected), values(&found));
    (expected != found).then(|| format!("found {}, expected {}", json!(found), json!(expected)))
}

#[test]
fn each_file_of_another_tool_is_read_as_it_was_meant_or_refused() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let table = fs::read_to_string(here.join("cases.jsonl")).unwrap();
    let cases: Vec<Value> = table.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(cases.len() >= 150, "{} cases", cases.len());
    let problems: Vec<String> = cases
        .iter()
        .filter(|case| {
            cfg!(feature = "parquet") || !case["file"].as_str().unwrap().ends_with(".parquet")
        })
        .filter_map(|case| {
            let problem = problem(&here.join("made"), case)?;
            Some(format!("{} {}: {problem}", case["file"], case["flags"]))
        })
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
