//! `top_k_vs_naive` under libFuzzer. What it does is written in `iqdb-fuzz-targets`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| iqdb_fuzz_targets::top_k_vs_naive(data));
