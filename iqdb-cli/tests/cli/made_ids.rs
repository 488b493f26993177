//! Ids of records that have none in their file: made, never those of another record, and the same again.

use crate::files::{Files, npy};
use crate::run::{json, snapshot};

/// A database `db` of two dimensions, and `base.npy` with three rows.
fn filled() -> Files {
    let files = Files::none();
    files.ok(&["create", "db", "--dim", "2", "--metric", "dot"]);
    // Two of the rows are the same.
    files.floats("base.npy", &[[1.0, 0.0], [0.0, 2.0], [1.0, 0.0]]);
    files
}

#[test]
fn row_numbers_are_ids_in_an_empty_database_only() {
    let files = filled();
    files.ok(&["import", "db", "base.npy"]);
    let before = files.records();
    files.floats("other.npy", &[[9.0, 9.0]]);
    snapshot("import_without_ids", &files.run(&["import", "db", "other.npy"]));
    snapshot("import_other_resumed", &files.run(&["import", "db", "other.npy", "--resume"]));
    assert_eq!(files.records(), before);
    let line = files.ok(&["import", "db", "base.npy", "--resume", "--json"]);
    assert_eq!((json(&line, "resumed"), json(&line, "inserted")), (3.into(), 0.into()));
}

#[test]
fn made_ids_are_the_same_again_and_replace_no_record() {
    for source in ["number-from=7", "prefix=a-", "uuid"] {
        let files = filled();
        let import = ["import", "db", "base.npy", "--ids", source];
        files.ok(&import);
        let before = files.records();
        assert_eq!(before.len(), 3, "{source}");
        let again = files.run(&import);
        assert_eq!((again.exit, again.out.as_str()), (2, ""), "{source}");
        assert!(again.err.contains("choose other ids with --ids"), "{}", again.err);
        let id = json(&before[1], "id");
        let id = id["uuid"].as_str().or(id.as_str()).map_or(id.to_string(), str::to_owned);
        files.ok(&["rm", "db", &id]);
        let line = files.ok(&[&import[..], &["--resume", "--json"]].concat());
        assert_eq!((json(&line, "resumed"), json(&line, "inserted")), (2.into(), 1.into()));
        assert_eq!(files.records(), before, "{source}");
    }
}

#[test]
fn rules_for_columns_want_a_file_of_columns() {
    let files = filled();
    files.write("bits.npy", &npy("<f4", 1, 2, &[0; 8]));
    for flags in
        [["--dates", "n"], ["--text", "n"], ["--assume-tz", "UTC"], ["--timestamps", "int"]]
    {
        let ran = files.run(&[&["import", "db", "bits.npy"], &flags[..]].concat());
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{flags:?}");
        assert!(ran.err.contains("the file has no columns"), "{}", ran.err);
    }
}
