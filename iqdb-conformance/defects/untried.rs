//! A crash that isn't tried is told on standard error, and `n/a` in the report.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use iqdb_conformance::naive::NaiveSearch;
use iqdb_conformance::{Harness, REPORT_VARIABLE, run_case};
use iqdb_core::{Result, Schema};

use crate::files::{FilesStore, crashes_are_tried};
use crate::report::run;

const POWER_CUT: &str = "crashes::a_power_cut_leaves_whole_batches";

/// Opens a store that has a file of 300 MiB, too.
fn open(path: &Path, schema: Schema) -> Result<FilesStore> {
    let store = FilesStore::open(path, schema, None)?;
    let long = File::create(path.join("long")).and_then(|file| file.set_len(300 << 20));
    long.expect("a file without content");
    Ok(store)
}

#[test]
fn a_power_cut_is_not_tried_on_long_files() {
    let harness = Harness::in_directory("long", open, NaiveSearch).with_process(|_| {
        let mut command = Command::new(std::env::current_exe().unwrap_or_default());
        command.args(["--exact", "untried::a_power_cut_is_not_tried_on_long_files", "--nocapture"]);
        command
    });
    run_case(&harness, POWER_CUT);
}

#[test]
fn what_is_not_tried_is_told() {
    if !crashes_are_tried() {
        return;
    }
    let reported = tempfile::NamedTempFile::new().expect("a file");
    let path = reported.path().to_str().expect("a path of letters");
    let stderr = run("untried::a_power_cut_is_not_tried_on_long_files", REPORT_VARIABLE, path);
    let told = "isn't tried on long: a file of it is longer than the 256 MiB that are laid out";
    assert!(stderr.contains(&format!("{POWER_CUT} {told}\n")), "{stderr}");
    let report = std::fs::read_to_string(reported.path()).expect("the report");
    assert!(report.starts_with(&format!("long\t{POWER_CUT}\tn/a\t")), "{report}");
    assert_eq!(report.lines().count(), 1, "{report}");
}
