//! `expression_text` under libFuzzer. What it does is written in `iqdb-fuzz-targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iqdb_fuzz_targets::expression_text(data));
