//! `text_query` under libFuzzer. What it does is written in `iqdb-fuzz-targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iqdb_fuzz_targets::text_query(data));
