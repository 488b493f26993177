//! Words and texts: a text field made, added, searched.

use crate::files::Files;
use crate::run::{json, snapshot};

const RECORDS: &str = r#"{"id":1,"payload":{"body":"A quick red fox","doc":{"notes":["Zur Ruhe"]}}}
{"id":2,"payload":{"body":["The lazy dog","and the red cat"]}}
{"id":3,"payload":{"body":7}}
"#;

fn filled() -> Files {
    let files = Files::none();
    assert_eq!(
        files.ok(&["create", "db", "--field", "body:text:words"]),
        "Created db: body: text, words/1.\n"
    );
    files.write("records.jsonl", RECORDS.as_bytes());
    files.ok(&["import", "db", "records.jsonl"]);
    files
}

#[test]
fn words_find_texts() {
    let files = filled();
    snapshot("search_text", &files.run(&["search", "db", "--text", "red -lazy"]));
    let line = files.ok(&["search", "db", "--text", "\"red cat\"", "--json"]);
    assert_eq!(json(&line, "id"), 2);
    assert_eq!(files.ok(&["search", "db", "--text", "absent", "--json"]), "");
    snapshot("search_text_excluding_only", &files.run(&["search", "db", "--text", "-red"]));
}

#[test]
fn a_text_field_is_added_and_described() {
    let files = filled();
    files.ok(&["add-field", "db", "notes:text:words:doc.notes"]);
    let fields = json(&files.ok(&["info", "db", "--json"]), "fields");
    assert_eq!(
        fields,
        serde_json::json!([
            {"name": "body", "element": "text", "dim": null, "analyzer": "words/1", "source": "body"},
            {"name": "notes", "element": "text", "dim": null, "analyzer": "words/1",
             "source": "doc.notes"},
        ])
    );
    let text = files.ok(&["info", "db"]);
    assert!(text.contains("field     notes: text, words/1, of doc.notes\n"), "{text}");
    let line = files.ok(&["search", "db", "--text", "ruhe", "--field", "notes", "--json"]);
    assert_eq!(json(&line, "id"), 1);
    snapshot("search_text_of_which_field", &files.run(&["search", "db", "--text", "red"]));
}

#[test]
fn stems_find_the_forms_of_a_word() {
    let files = Files::none();
    files.ok(&["create", "db", "--field", "body:text:english"]);
    files.ok(&["add-field", "db", "notes:text:german:doc.notes"]);
    files.write("records.jsonl", RECORDS.as_bytes());
    files.ok(&["import", "db", "records.jsonl"]);
    let found = |field: &str, words: &str| {
        let lines = files.ok(&["search", "db", "--field", field, "--text", words, "--json"]);
        lines.lines().map(|line| json(line, "id")).collect::<Vec<_>>()
    };
    assert_eq!(found("body", "the foxes’"), [1]);
    assert_eq!(found("body", "\"dog red\" cats +and"), [2]);
    assert_eq!(found("body", "the"), [""; 0]);
    assert_eq!(found("notes", "ruhen"), [1]);
}

#[test]
fn words_and_vectors_are_fused() {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", "2", "--metric", "euclidean"]);
    files.ok(&["add-field", "db", "body:text:words"]);
    files.write(
        "records.jsonl",
        br#"{"id":1,"vector":[0,0],"payload":{"body":"A quick red fox"}}
{"id":2,"vector":[1,0],"payload":{"body":"a lazy dog","n":1}}
{"id":3,"payload":{"body":"red, red fox","n":1}}
{"id":4,"vector":[9,0],"payload":{"body":"no more"}}
"#,
    );
    files.ok(&["import", "db", "records.jsonl"]);
    let args = ["search", "db", "--like", "2", "--hybrid", "red fox"];
    snapshot("search_hybrid", &files.run(&args));
    let explained = files.run(&[&args[..], &["--explain"]].concat());
    assert!(explained.err.contains("on 1 thread: 5 candidates, "), "{}", explained.err);
    let json = files.ok(&["search", "db", "--like", "2", "--hybrid", "red fox", "--json"]);
    insta::assert_snapshot!("search_hybrid_json", json);
    let some = ["search", "db", "--like", "2", "--hybrid", "red", "--where", "n = 1", "--json"];
    let line = files.ok(&some);
    assert_eq!((line.lines().count(), self::json(&line, "id")), (1, 3.into()));
    let both = ["search", "db", "--text", "red", "--hybrid", "fox"];
    assert_eq!(files.run(&both).exit, 2);
}
