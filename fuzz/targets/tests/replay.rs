//! Every committed input, replayed without libFuzzer: what was wrong once stays right.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use iqdb_fuzz_targets::{CANARY, TARGETS, Target, inputs, target};

/// What an input of a few kilobytes may make iqdb hold at one time.
const HELD_BYTES_MAX: u64 = 16 << 20;

/// How an input went wrong, if it did.
fn replay(target: &Target, file: &Path) -> Option<String> {
    let input = fs::read(file).unwrap();
    let mut panicked = false;
    let held = allocation_counter::measure(|| {
        panicked = catch_unwind(AssertUnwindSafe(|| (target.run)(&input))).is_err();
    });
    let name = target.name;
    let again = format!("cargo run -p iqdb-fuzz-targets -- replay {name} {}", file.display());
    if panicked {
        return Some(format!("{name} fails; see it again with `{again}`"));
    }
    (held.bytes_max > HELD_BYTES_MAX)
        .then(|| format!("{name} held {} bytes: `{again}`", held.bytes_max))
}

#[test]
fn every_committed_input_passes_in_bounded_memory() {
    let mut failures = Vec::new();
    for target in TARGETS.iter().filter(|target| target.name != CANARY) {
        let seeds = inputs::in_folder(&inputs::seeds_folder(target)).unwrap();
        let regressions = inputs::in_folder(&inputs::regressions_folder(target)).unwrap();
        println!("{}: {} seeds, {} regressions", target.name, seeds.len(), regressions.len());
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        failures.extend(seeds.iter().chain(&regressions).filter_map(|file| replay(target, file)));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_canary_fails_on_the_planted_defect_and_on_nothing_else() {
    let canary = target(CANARY).unwrap();
    for seed in inputs::in_folder(&inputs::seeds_folder(canary)).unwrap() {
        assert_eq!(replay(canary, &seed), None);
    }
    let planted = inputs::in_folder(&inputs::regressions_folder(canary)).unwrap();
    assert!(!planted.is_empty());
    for file in planted {
        assert!(replay(canary, &file).is_some(), "{} passes", file.display());
    }
}

#[test]
fn the_committed_seeds_are_those_that_the_command_writes() {
    for target in TARGETS {
        let committed: BTreeSet<_> = inputs::in_folder(&inputs::seeds_folder(target))
            .unwrap()
            .into_iter()
            .map(|path| (path.file_name().unwrap().to_owned(), fs::read(path).unwrap()))
            .collect();
        let written: BTreeSet<_> =
            (target.seeds)().into_iter().map(|seed| (seed.name.into(), seed.bytes)).collect();
        assert!(
            committed == written,
            "the seeds of {} are old; write them with `cargo run -p iqdb-fuzz-targets -- seeds`",
            target.name
        );
    }
}

#[test]
fn every_target_has_a_shim_and_every_shim_a_target() {
    let manifest = fs::read_to_string(inputs::fuzz_folder().join("Cargo.toml")).unwrap();
    let shims: BTreeSet<String> = inputs::in_folder(&inputs::fuzz_folder().join("fuzz_targets"))
        .unwrap()
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let names: BTreeSet<String> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(shims, names);
    for name in names {
        let shim = fs::read_to_string(
            inputs::fuzz_folder().join("fuzz_targets").join(format!("{name}.rs")),
        );
        assert!(shim.unwrap().contains(&format!("iqdb_fuzz_targets::{name}(data)")), "{name}");
        assert!(manifest.contains(&format!("path = \"fuzz_targets/{name}.rs\"")), "{name}");
    }
}
