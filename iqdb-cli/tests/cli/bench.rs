//! `iqdb bench`.

use std::fs;

use crate::files::{Files, npy};
use crate::run::{iqdb, iqdb_in, json, snapshot};

const KEYS: [&str; 15] = [
    "backend", "plan", "metric", "n", "dim", "k", "threads", "batch", "recall", "qps", "p50_us",
    "p99_us", "gbs", "build_s", "rss_mb",
];

#[test]
fn bench_json_is_one_object_with_its_keys_in_order() {
    let ran = Files::line().bench(&["--truth", "truth.npy", "-k", "2", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out.lines().count(), 1);
    let mut rest = ran.out.as_str();
    for key in KEYS {
        let quoted = format!("\"{key}\":");
        let at = rest.find(&quoted).unwrap_or_else(|| panic!("{key} in {}", ran.out));
        rest = &rest[at + quoted.len()..];
    }
    let object: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(object.as_object().unwrap().len(), KEYS.len());
    for (key, value) in [("n", 5), ("dim", 2), ("k", 2), ("threads", 1), ("batch", 1)] {
        assert_eq!(json(&ran.out, key), value);
    }
    for (key, value) in [("backend", "arena"), ("plan", "f32"), ("metric", "euclidean")] {
        assert_eq!(json(&ran.out, key), value);
    }
    for key in ["qps", "p50_us", "p99_us"] {
        assert!(json(&ran.out, key).as_f64().unwrap() > 0.0, "{}", ran.out);
    }
    assert_eq!(json(&ran.out, "recall"), 1.0);
    assert_eq!(json(&ran.out, "rss_mb").is_number(), cfg!(target_os = "linux"));
}

#[test]
fn bench_with_a_recall_says_what_was_reached() {
    let ran =
        Files::line().bench(&["--truth", "truth.npy", "-k", "2", "--recall", "0.9", "--json"]);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""));
    // So few rows have no index: the answers are exact.
    assert_eq!(
        (json(&ran.out, "estimated_recall"), json(&ran.out, "exact_share")),
        (1.0.into(), 1.0.into())
    );
    assert!((json(&ran.out, "target_recall").as_f64().unwrap() - 0.9).abs() < 1e-6);
    assert!(json(&ran.out, "index_build_s").is_number());
    assert!(json(&ran.out, "index_bytes").is_null() && json(&ran.out, "epoch").is_null());
    for wrong in ["0", "1", "-0.5", "nan", "x"] {
        let ran = Files::line().bench(&[&format!("--recall={wrong}")]);
        assert_eq!(ran.exit, 2, "{wrong}");
    }
}

#[test]
fn bench_table_says_the_same_to_people() {
    let mut ran = Files::line().bench(&["--truth", "truth.npy", "-k", "2"]);
    let figures = ["speed", "reading", "memory"];
    ran.out = ran
        .out
        .lines()
        .map(|line| match figures.iter().find(|figure| line.starts_with(*figure)) {
            Some(figure) => format!("{figure:<9} [figure]\n"),
            None => format!("{line}\n"),
        })
        .collect();
    snapshot("bench_table", &ran);
}

#[test]
fn bench_answers_do_not_depend_on_how_they_are_asked() {
    let files = Files::line();
    for args in [
        &["--batch", "2"][..],
        &["--batch", "1000000000000"],
        &["--threads", "2"],
        &["--plan", "f32"],
        &["--repeat", "3"],
    ] {
        let ran = files.bench(&[args, &["--truth", "truth.npy", "-k", "3", "--json"]].concat());
        assert_eq!((ran.exit, json(&ran.out, "recall")), (0, 1.0.into()), "{args:?}");
    }
}

#[test]
fn bench_recall_counts_what_is_as_near_as_the_true_last_and_nothing_farther() {
    let files = Files::line();
    let recall = |k: &str| {
        let ran = files.bench(&["--truth", "truth.npy", "-k", k, "--json"]);
        assert_eq!(ran.exit, 0, "{}", ran.err);
        json(&ran.out, "recall")
    };
    // Rows 1 and 3 are equally far from the query: either is right.
    files.floats("queries.npy", &[[2.0, 1.0]]);
    files.integers("truth.npy", &[[2, 3, 1]]);
    assert_eq!(recall("2"), 1.0);
    // A truth that knows something nearer than what is found.
    files.integers("truth.npy", &[[2, 2, 2]]);
    assert_eq!(recall("2"), 0.5);
    // More asked for than there are: all there are is enough.
    files.integers("truth.npy", &[[2, 3, 1, 0, 4]]);
    assert_eq!(recall("9"), 1.0);
}

#[test]
fn bench_without_truth_knows_no_recall() {
    let files = Files::line();
    for args in [&["--json"][..], &["--limit", "2", "--json"], &["--limit", "99", "--json"]] {
        let ran = files.bench(args);
        assert_eq!((ran.exit, json(&ran.out, "recall")), (0, serde_json::Value::Null));
    }
    let ran = files.bench(&["--limit", "2", "--json"]);
    assert_eq!(json(&ran.out, "n"), 2);
}

#[test]
fn bench_reads_halves() {
    let files = Files::line();
    let halves: Vec<u8> =
        [0x0000_u16, 0x3c00, 0x4000].iter().flat_map(|x| x.to_le_bytes()).collect();
    files.write("base.npy", &npy("<f2", 3, 1, &halves));
    files.floats("queries.npy", &[[0.9], [1.9]]);
    files.integers("truth.npy", &[[1], [2]]);
    let ran = files.bench(&["--truth", "truth.npy", "-k", "1", "--json"]);
    assert_eq!((ran.exit, json(&ran.out, "recall")), (0, 1.0.into()));
}

#[test]
fn bench_says_which_files_do_not_fit_each_other() {
    let files = Files::line();
    let with_truth = ["--truth", "truth.npy", "-k", "2"];
    let refused = |name: &str, exit: i32| {
        let ran = files.bench(&with_truth);
        assert_eq!((ran.exit, ran.out.as_str()), (exit, ""), "{name}: {}", ran.err);
        snapshot(name, &ran);
    };
    files.integers("truth.npy", &[[0, 1, 2]]);
    refused("bench_truth_of_other_queries", 2);
    files.integers("truth.npy", &[[0], [4]]);
    refused("bench_truth_too_narrow", 2);
    files.integers("truth.npy", &[[0, 1, 2], [4, 5, 2]]);
    refused("bench_truth_of_another_base", 2);
    files.integers("truth.npy", &[[0, 1, 2], [4, -1, 2]]);
    refused("bench_truth_negative", 2);
    files.floats("truth.npy", &[[0.0], [4.0]]);
    refused("bench_truth_of_floats", 2);
    files.integers("truth.npy", &[[0, 1, 2], [4, 3, 2]]);
    files.floats("queries.npy", &[[0.1, 1.0, 2.0], [3.9, 1.0, 2.0]]);
    refused("bench_queries_of_another_dimension", 2);
    files.floats("queries.npy", &[[0.1, 1.0], [f32::INFINITY, 1.0]]);
    refused("bench_query_not_finite", 3);
    files.floats("base.npy", &[[0.1, 1.0], [1.0, 2.0], [3.0, f32::NAN]]);
    files.floats("queries.npy", &[[0.1, 1.0], [3.9, 1.0]]);
    files.integers("truth.npy", &[[0, 1], [2, 1]]);
    refused("bench_base_not_finite", 3);
    files.write("base.npy", b"not an array");
    refused("bench_base_foreign", 3);
    files.write("base.npy", &npy("<f4", 1 << 40, 1 << 20, &[0; 64]));
    refused("bench_base_huge", 3);
    fs::remove_file(files.path("base.npy")).unwrap();
    let ran = files.bench(&with_truth);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error: input/output error: the file can't be opened"));
    assert!(ran.err.contains("opening base.npy"), "{}", ran.err);
}

#[test]
fn bench_names_the_row_that_has_no_direction() {
    let files = Files::line();
    files.floats("base.npy", &[[1.0, 1.0], [0.0, 0.0]]);
    let ran = iqdb_in(
        files.0.path(),
        &["bench", "--base", "base.npy", "--queries", "queries.npy", "--metric", "cosine"],
    );
    assert_eq!(ran.exit, 3);
    snapshot("bench_base_zero", &ran);
}

#[test]
fn bench_does_not_read_a_directory() {
    let files = Files::line();
    let path = files.0.path().to_str().unwrap();
    let ran = iqdb(&["bench", "--base", path, "--queries", path, "--metric", "dot"]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.starts_with("error: input/output error: "), "{}", ran.err);
}
