//! An import that is killed in the middle, and goes on.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::files::{Files, npy};
use crate::run::{command, json};

const ROWS: usize = 60_000;
const DIM: usize = 8;

#[test]
fn a_killed_import_is_finished_with_the_exact_count() {
    let files = Files::none();
    let components = (0..ROWS * DIM).flat_map(|item| (item as f32).to_le_bytes());
    files.write("base.npy", &npy("<f4", ROWS, DIM, &components.collect::<Vec<_>>()));
    files.ok(&["create", "db", "--dim", &DIM.to_string(), "--metric", "dot"]);
    let import = ["import", "db", "base.npy", "--resume", "--batch", "100"];

    let (mut interrupted, mut wait) = (0, Duration::ZERO);
    for _ in 0..40 {
        let mut child = command(files.0.path(), &import)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(wait);
        child.kill().unwrap();
        child.wait().unwrap();
        wait += Duration::from_millis(25);

        let records = json(&files.ok(&["info", "db", "--json"]), "records").as_u64().unwrap();
        assert_eq!(records % 100, 0, "a batch is there as a whole or not at all");
        interrupted += usize::from(records > 0 && records < ROWS as u64);
        if interrupted == 3 || records == ROWS as u64 {
            break;
        }
    }
    assert!(interrupted > 0, "no import was killed in the middle");

    let line = files.ok(&[&import[..], &["--json"]].concat());
    assert_eq!(json(&line, "rows"), ROWS, "{line}");
    assert_eq!(json(&line, "records"), ROWS, "{line}");
    assert_eq!(json(&line, "replaced"), 0, "{line}");
    let resumed = json(&line, "resumed").as_u64().unwrap();
    assert!(resumed > 0, "{line}");
    assert_eq!(json(&line, "inserted"), ROWS as u64 - resumed, "{line}");
    let again = files.ok(&[&import[..], &["--json"]].concat());
    assert_eq!(json(&again, "resumed"), ROWS, "{again}");
}
