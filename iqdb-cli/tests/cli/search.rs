//! `iqdb search`.

use crate::files::Files;
use crate::run::{iqdb_given, json, snapshot};

#[test]
fn search_like_a_record_finds_the_others() {
    let files = Files::words();
    snapshot("search_like", &files.run(&["search", "db", "--like", "sea", "-k", "2"]));
    snapshot(
        "search_like_json",
        &files.run(&["search", "db", "--like", "sea", "-k", "2", "--json"]),
    );
    snapshot("search_like_absent", &files.run(&["search", "db", "--like", "ocean"]));
    let all = files.ok(&["search", "db", "--like", "7", "-k", "100", "--json"]);
    assert_eq!(all.lines().count(), 3);
    assert!(!all.contains("\"id\":7,"), "{all}");
}

#[test]
fn search_finds_only_what_matches() {
    let files = Files::words();
    let found = |filter: &str| {
        let args = ["search", "db", "--like", "sea", "--where", filter, "--json"];
        let lines = files.ok(&args);
        lines.lines().map(|line| json(line, "id")).collect::<Vec<_>>()
    };
    assert_eq!(found("lang != \"en\""), ["Meer", "7"]);
    assert_eq!(found("lang = \"en\""), [""; 0]);
    snapshot(
        "search_none",
        &files.run(&["search", "db", "--like", "sea", "--where", "lang = \"en\""]),
    );
}

#[test]
fn search_takes_vectors_from_files_and_from_standard_input() {
    let files = Files::words();
    files.floats("queries.npy", &[[1.0, 0.1], [8.0, 8.0]]);
    files.write("queries.jsonl", b"[1, 0.1]\n{\"vector\": [8, 8]}\n");
    let args = |from: &[&'static str]| {
        [&["search", "db", "-k", "1", "--json", "--threads", "2"], from].concat()
    };
    let npy = files.ok(&args(&["--vector", "queries.npy"]));
    let jsonl = files.ok(&args(&["--vector", "queries.jsonl"]));
    let stdin = iqdb_given(files.0.path(), &args(&["--stdin"]), "[1, 0.1]\n\n[8, 8]\n");
    assert_eq!((stdin.exit, stdin.err.as_str()), (0, ""));
    assert_eq!([&jsonl, &stdin.out], [&npy, &npy]);
    let ids: Vec<_> = npy.lines().map(|line| (json(line, "query"), json(line, "id"))).collect();
    assert_eq!(ids, [(0.into(), "sea".into()), (1.into(), 7.into())]);
    snapshot("search_stdin", &iqdb_given(files.0.path(), &["search", "db", "--stdin"], "[0, 0]\n"));
}

#[test]
fn search_answers_what_came_before_a_bad_vector_and_names_it() {
    let files = Files::words();
    let args = ["search", "db", "--stdin", "-k", "1", "--json"];
    let ran = iqdb_given(files.0.path(), &args, "[0, 0]\n[1, 2, 3]\n");
    snapshot("search_wide", &ran);
    snapshot("search_not_json", &iqdb_given(files.0.path(), &args, "[0, 0\n"));
    for args in [&["search", "db"][..], &["search", "db", "--stdin", "--like", "7"]] {
        assert_eq!(files.run(args).exit, 2);
    }
}

#[test]
fn what_is_stored_does_not_change_a_terminal() {
    let files = Files::words();
    files.write(
        "evil.jsonl",
        "{\"id\":\"\\u001b[2J\",\"vector\":[1,0],\"\u{202e}x\":\"\\u009b2J\\n\"}".as_bytes(),
    );
    files.ok(&["import", "db", "evil.jsonl"]);
    let out = files.ok(&["search", "db", "--like", "sea"]);
    assert!(out.contains("u{1b}[2J") && out.contains("\\u{202e}x"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{out:?}");
}

#[test]
fn bench_measures_a_database() {
    let files = Files::none();
    files.floats("base.npy", &[0.0, 1.0, 2.0, 3.0, 4.0].map(|x| [x, 1.0]));
    files.floats("queries.npy", &[[0.1, 1.0], [3.9, 1.0]]);
    files.integers("truth.npy", &[[0, 1, 2], [4, 3, 2]]);
    files.ok(&["create", "db", "--dim", "2", "--metric", "euclidean"]);
    files.ok(&["import", "db", "base.npy"]);
    let args =
        ["bench", "db", "--queries", "queries.npy", "--truth", "truth.npy", "-k", "2", "--json"];
    let line = files.ok(&args);
    for (key, value) in [("n", 5), ("dim", 2), ("k", 2)] {
        assert_eq!(json(&line, key), value, "{line}");
    }
    assert_eq!((json(&line, "recall"), json(&line, "backend")), (1.0.into(), "file".into()));
    assert!(json(&line, "build_s").is_null(), "{line}");
    files.ok(&["rm", "db", "3"]);
    snapshot("bench_database_without_its_rows", &files.run(&args));
}

#[test]
fn hits_are_grouped_and_chosen() {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", "2", "--metric", "euclidean"]);
    files.write(
        "records.jsonl",
        br#"{"id":1,"vector":[0,0],"payload":{"by":"ann"}}
{"id":2,"vector":[1,0],"payload":{"by":"ann"}}
{"id":3,"vector":[1,0.1],"payload":{"by":["bob","ann"]}}
{"id":4,"vector":[9,0],"payload":{"by":7.0}}
"#,
    );
    files.ok(&["import", "db", "records.jsonl"]);
    let grouped = ["search", "db", "--like", "1", "--group-by", "by", "--per-group", "1"];
    snapshot("search_groups", &files.run(&grouped));
    let lines = files.ok(&[&grouped[..], &["-k", "2", "--json"]].concat());
    let found = lines.lines().map(|line| (json(line, "group"), json(line, "id")));
    assert_eq!(found.collect::<Vec<_>>(), [("ann".into(), 2.into()), ("bob".into(), 3.into())]);
    snapshot("search_no_groups", &files.run(&["search", "db", "--like", "1", "--group-by", "no"]));
    let chosen = ["search", "db", "--like", "1", "--diversify", "0.3", "-k", "2", "--json"];
    let lines = files.ok(&chosen);
    let found: Vec<_> = lines.lines().map(|line| json(line, "id")).collect();
    assert_eq!(found, [2, 4]);
    let both = ["search", "db", "--like", "1", "--diversify", "0.5", "--group-by", "by"];
    assert_eq!(files.run(&both).exit, 2);
}

#[test]
fn hits_are_ranked_by_a_sum() {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", "2", "--metric", "euclidean"]);
    files.ok(&["add-field", "db", "body:text:words"]);
    files.write(
        "records.jsonl",
        br#"{"id":1,"vector":[0,0],"payload":{"body":"fox"}}
{"id":2,"vector":[1,0],"payload":{"body":"fox","year":2020}}
{"id":3,"vector":[2,0],"payload":{"body":"red fox","year":2024}}
{"id":4,"vector":[9,0],"payload":{"year":[1999,2023]}}
"#,
    );
    files.ok(&["import", "db", "records.jsonl"]);
    let sum = "score + 4 * gauss(year, 2024, 2)";
    let ranked = ["search", "db", "--like", "1", "--rerank", sum];
    snapshot("search_ranked", &files.run(&ranked));
    let ids = |args: &[&str]| {
        let lines = files.ok(&[args, &["--json"]].concat());
        lines.lines().map(|line| json(line, "id")).collect::<Vec<_>>()
    };
    assert_eq!(ids(&ranked), [3, 2, 4]);
    assert_eq!(ids(&[&ranked[..], &["--depth", "1"]].concat()), [2]);
    let line = files.ok(&[&ranked[..], &["-k", "1", "--json"]].concat());
    assert_eq!((json(&line, "score"), json(&line, "distance")), (2.0.into(), 2.0.into()));
    let words = ["search", "db", "--text", "fox", "--rerank", "-year"];
    assert_eq!(ids(&words), [1, 2, 3]);
    let hybrid = ["search", "db", "--like", "1", "--hybrid", "fox", "--rerank", "year - 2022"];
    assert_eq!(ids(&hybrid), [3, 4, 2]);
    snapshot(
        "search_ranked_by_nothing",
        &files.run(&["search", "db", "--like", "1", "--rerank", "a +"]),
    );
    assert_eq!(files.run(&["search", "db", "--like", "1", "--depth", "9"]).exit, 2);
}
