//! What iqdb is fuzzed with: each target a plain function over bytes.
//!
//! `fuzz/fuzz_targets` has a few lines per target that hand it to libFuzzer. Nothing here needs
//! libFuzzer or a nightly toolchain, so a test replays every committed input for ever. A target
//! panics where iqdb is wrong and returns where it is right, whatever the bytes.
//!
//! # Add a target
//! 1. A function `fn name(data: &[u8])` in a file here, and its line in [`TARGETS`] with its seeds.
//! 2. A shim `fuzz/fuzz_targets/name.rs` and its `[[bin]]` in `fuzz/Cargo.toml`.
//! 3. `cargo run -p iqdb-fuzz-targets -- seeds` writes the seeds.
//! 4. See it fail: break what it checks, and run it for some seconds.

#![forbid(unsafe_code)]

mod canary;
mod entropy;
mod errors;
mod file_directory;
mod file_payloads;
mod file_wire;
mod filters;
mod import_readers;
pub mod inputs;
mod npy_reader;
mod record_id;
mod record_serde;
mod seed;
pub mod seeds;
mod store_vs_model;
mod target;
mod texts;
mod top_k_vs_naive;

pub use canary::canary;
pub use file_directory::file_directory;
pub use file_payloads::file_payloads;
pub use file_wire::file_wire;
pub use filters::{filter_built, filter_text};
pub use import_readers::import_readers;
pub use npy_reader::npy_reader;
pub use record_id::record_id_text;
pub use record_serde::record_serde;
pub use seed::Seed;
pub use store_vs_model::store_vs_model;
pub use target::Target;
pub use texts::{analyzers, expression_text, text_query};
pub use top_k_vs_naive::top_k_vs_naive;

/// The target that has to fail: it proves that a fuzzer would notice if another one did.
pub const CANARY: &str = "canary";

/// Every target, by name.
pub const TARGETS: &[Target] = &[
    Target {
        name: "analyzers",
        story: "a text has terms, of which its column is made",
        run: analyzers,
        seeds: texts::analyzer_seeds,
    },
    Target {
        name: CANARY,
        story: "a planted defect: a campaign that doesn't find it finds nothing",
        run: canary,
        seeds: canary::seeds,
    },
    Target {
        name: "expression_text",
        story: "a text is refused, or it is an expression that is printed, read back and gives scores",
        run: expression_text,
        seeds: texts::expression_seeds,
    },
    Target {
        name: "file_directory",
        story: "files are changed, and a database is refused, or answers with what was written",
        run: file_directory,
        seeds: file_directory::seeds,
    },
    Target {
        name: "file_payloads",
        story: "bytes are refused, or they are a block of payloads that are lent, selected and kept",
        run: file_payloads,
        seeds: file_payloads::seeds,
    },
    Target {
        name: "file_wire",
        story: "bytes are refused, or they are ids and payloads in the one form there is of them",
        run: file_wire,
        seeds: file_wire::seeds,
    },
    Target {
        name: "filter_built",
        story: "a filter built from parts is printed, read back and counted as the model does",
        run: filter_built,
        seeds: filters::built_seeds,
    },
    Target {
        name: "filter_text",
        story: "a text is refused, or it is a filter that is printed, read back and evaluated",
        run: filter_text,
        seeds: filters::text_seeds,
    },
    Target {
        name: "import_readers",
        story: "bytes are refused, or they are a file of records that come back from JSON",
        run: import_readers,
        seeds: import_readers::seeds,
    },
    Target {
        name: "npy_reader",
        story: "bytes are refused, or they are a .npy array whose every item is read",
        run: npy_reader,
        seeds: npy_reader::seeds,
    },
    Target {
        name: "record_id_text",
        story: "a text is refused, or it is an id that is printed, serialised and read back",
        run: record_id_text,
        seeds: record_id::seeds,
    },
    Target {
        name: "record_serde",
        story: "JSON or postcard is refused, or it is a value that is valid and comes back",
        run: record_serde,
        seeds: record_serde::seeds,
    },
    Target {
        name: "store_vs_model",
        story: "every backend and the model live through the same operations",
        run: store_vs_model,
        seeds: store_vs_model::seeds,
    },
    Target {
        name: "text_query",
        story: "a text is refused, or it is a query that hits the texts whose terms say so",
        run: text_query,
        seeds: texts::query_seeds,
    },
    Target {
        name: "top_k_vs_naive",
        story: "every kernel on up to three threads answers as the model does, bit for bit",
        run: top_k_vs_naive,
        seeds: top_k_vs_naive::seeds,
    },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
