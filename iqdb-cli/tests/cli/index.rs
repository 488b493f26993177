//! `iqdb index`, and what `iqdb info` says of an index.

use crate::files::Files;
use crate::run::json;

#[test]
fn info_shows_the_index_that_was_built_and_saved() {
    let files = Files::none();
    // Enough rows that a scan is slower.
    let rows: Vec<[f32; 3]> = (0..5_200_u16)
        .map(|n| [3, 7, 11].map(|step| f32::from(n.wrapping_mul(step * 2_477) % 4_093) - 2_000.0))
        .collect();
    files.floats("rows.npy", &rows);
    files.ok(&["create", "db", "--dim", "3", "--metric", "cosine"]);
    files.ok(&["import", "db", "rows.npy"]);
    let before = json(&files.ok(&["info", "db", "--json"]), "fields");
    assert!(before[0].get("index").is_none(), "{before}");

    let built = files.ok(&["index", "db"]);
    assert!(built.starts_with("Indexed 5,200 rows of vector in 109 clusters, "), "{built}");
    let fields = json(&files.ok(&["info", "db", "--json"]), "fields");
    let index = &fields[0]["index"];
    assert_eq!((&index["rows"], &index["clusters"]), (&5_200.into(), &109.into()), "{index}");
    assert_eq!(index["epoch"].as_str().map(str::len), Some(32), "{index}");
    assert_eq!(index["recall_max"].as_array().map(Vec::len), Some(3), "{index}");
    let text = files.ok(&["info", "db"]);
    let line = "  index   5,200 rows in 109 clusters, ";
    assert!(text.contains(line) && text.contains(", recall of 10 hits up to 0.9"), "{text}");
}
