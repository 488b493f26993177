//! The conformance suite that every iqdb backend passes, inside and outside of this repository.
//!
//! The documentation of the traits in `iqdb-core` is a list of statements. Each statement has a
//! name, and the case of the same name checks it here. The suite runs on a store and a search that
//! reads it. The oracle is the [`Model`], a sorted map with a search that sorts everything.
//!
//! # Run it
//! One line in a test file of the backend's crate, which has this one as a dev-dependency:
//!
//! ```
//! # fn main() {}
//! # mod tests {
//! # use iqdb_conformance::naive::{NaiveSearch as ExactSearch, NaiveStore as Toy};
//! use iqdb_conformance::{Harness, conformance_tests};
//!
//! conformance_tests!(Harness::new("toy", |schema| Ok(Toy::new(schema)), ExactSearch));
//! # }
//! ```
//!
//! The macro defines one test per case, such as `apply::delete_removes_the_record`, so that
//! `cargo test apply::` runs one family. Several backends in one file each get a `mod` of their
//! own. `examples/own-backend` is a whole crate like that, and `examples/durable-backend` one whose
//! store is reopened. A crate with only a store or only a search pairs it with the other half from
//! [`naive`].
//!
//! # Declare capabilities
//! A store declares in its [`capabilities`](iqdb_core::Store::capabilities) what it promises beyond
//! the contract, and the suite tests what is promised. A durable store is made with
//! [`Harness::in_directory`], or with [`Harness::durable`] from a [`Place`] of its own; the suite
//! closes, kills and reopens it.
//! Only a global allocator can measure memory, and the test binary chooses it:
//! [`Harness::with_allocation_meter`] passes its counts to the suite. A case about something that
//! the backend doesn't promise, or that the harness can't measure, ends as
//! [`Outcome::NotPromised`], which the report shows as `n/a`. No case is skipped silently.
//!
//! Many cases run over schemas of several shapes: each element with each of its metrics, several
//! fields, sparse ones, none. A store whose [`limits`](iqdb_core::Capabilities::limits) don't hold a
//! shape must refuse it where it is made. The case then ends as [`Outcome::KeptWithinLimits`], and
//! the report has a line `n/a` for each such shape.
//!
//! # Crashes
//! On Linux the suite runs the test of a case in a process of its own, where a durable store in files is
//! created and written to. It kills that process at its system calls, and at any time. It also records
//! what the calls do, and lays out the files as a power cut may leave them, while the store is created,
//! written to, and recovered. Assumed is what POSIX says, and nothing that a file system adds: what was
//! written is on the disk once the file is synced, a name once its directory is; only a store in one file
//! needs no sync of the directory it is created in. Of the rest the disk may have anything in any order,
//! in whole sectors of 512 bytes. A store whose creation was cut off may refuse to be opened. `SQLite`
//! keeps this with a journal that it deletes only as `synchronous=EXTRA`, whose
//! [documentation](https://www.sqlite.org/pragma.html#pragma_synchronous) says that `FULL` doesn't sync
//! the directory that the journal is removed from.
//!
//! What was recorded is compared with the files at the end. A store that writes in a way that isn't
//! recorded, such as by shared maps or `io_uring`, ends as `n/a`, and standard error says why; so does one
//! with a file of more than 256 MiB, and every store where the system permits no tracing.
//! `IQDB_CONFORMANCE_MUST_TRACE=1` makes the last a failure. A store that is opened so that it syncs later
//! than it acknowledges says so by [`Harness::with_relaxed_durability`].
//!
//! # Replay a failure
//! A failure names the backend, the statement, what was expected and what was found. The failure of
//! a random history also names its seed, which determines the whole history:
//!
//! ```text
//! IQDB_CONFORMANCE_SEED=17 cargo test histories::
//! ```
//!
//! Other seeds give other histories, to look for more failures. For a history of many threads
//! (`concurrency::concurrent_histories_are_linearizable`), the seed determines the calls, but the
//! machine determines how they overlap: repeat the run, and read the message, which shows the few
//! operations that contradict each other. A case that doesn't end within [`Harness::TIME_LIMIT`] is
//! a failure.
//!
//! The suite writes the seed and the failure to standard error, shrinks the history to a few
//! [`Operation`]s, and prints them as a complete `#[test]` that calls [`replay`]. Shrinking ends after
//! 20 seconds, or after an eighth of the [time limit](Harness::time_limit) where that is less, with the
//! smallest history found until then; beside a replay, it takes at most the memory of two histories. Pasted below `conformance_tests!`, the test fails for
//! the same reason, and stays as a regression test. If the history doesn't fail again, the message
//! says so: the defect then depends on time, and the cases of the family `concurrency` are more
//! likely to isolate it.
//!
//! # Set the number of operations
//! The histories have [`Harness::OPERATIONS`] operations in all. [`Harness::with_operations`] sets
//! the number for one harness, and `IQDB_CONFORMANCE_OPERATIONS` for all:
//!
//! ```text
//! IQDB_CONFORMANCE_OPERATIONS=1000000 cargo test histories::
//! ```
//!
//! In a debug build the suite spends most of its time in unoptimised code. `opt-level = 1` under
//! `[profile.dev]` makes it several times faster and keeps every check.
//!
//! # The report
//! When `IQDB_CONFORMANCE_REPORT` names a file, each case appends a line to it: backend, case,
//! `ok` or `failed` or `n/a`, and microseconds, with tabs between them.
//!
//! # Add a case
//! 1. State it where the contract is: a bullet ``- `case_name`: Sentence.`` in `iqdb-core`.
//! 2. Write `pub(super) fn case_name(harness: &Harness) -> Result<Outcome>` in the module of its
//!    family under `src/cases/`. It panics, or returns an error, where the statement is broken.
//! 3. Add the line `family::case_name,` to the list in `src/cases.rs`. Without it the function is
//!    dead code, and the compiler says so; with a name that iqdb-core doesn't state,
//!    `cargo xtask tidy` does.
//! 4. See it fail: add a defect to a list in `defects/lists/`, with a sentence about it and the
//!    name of the case, and implement it in a few lines of `defects/store.rs`, `misread.rs`,
//!    `snapshot.rs`, `column.rs`, `search.rs`, `map_store.rs`, `log.rs` or `racing.rs`. A case that
//!    catches no defect is a failure, and so is a defect that no case catches: the test `defects`
//!    runs each defect against the cases about it, and `cargo xtask conformance --defects` against
//!    all cases, or only those defects that `IQDB_CONFORMANCE_DEFECTS` names.
//!
//! A defect with a number, as in `of 4 by`, is one that no case catches yet. Once a case catches it, a
//! test says so, and its line moves to a list of the others, without the number.
//!
//! # Find your way
//! `cases/` has the cases, and `defects/` the planted defects. [`Harness`] makes stores,
//! `differential.rs` pairs a store with the model, and `check.rs` compares the two. `generate/`
//! draws records, filters and operations from a seed, `coverage.rs` says which pairs of what they can
//! have to do with they meet (`cargo xtask conformance --coverage`), `shapes.rs` has the schemas, `histories.rs` plays them, and `shrink/`
//! reduces and prints those that fail. `linear/` checks histories of many threads, and
//! `crash/` what is left of a process that is killed. `stores/` has the toy stores.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod catch;
mod check;
#[cfg(test)]
mod coverage;
mod crash;
mod differential;
mod directory;
mod further;
mod fused;
mod generate;
mod harness;
mod histories;
mod linear;
mod meter;
mod model;
mod place;
mod processes;
mod report;
mod reranked;
mod run;
mod shapes;
mod shrink;
mod site;
mod stamp;
mod stores;
mod texts;
mod threads;

pub use case::{Case, Failure, Outcome};
pub use cases::CASES;
pub use check::{check_same, check_snapshot};
pub use generate::operation::{Operation, Question};
pub use generate::seed::SEED_VARIABLE;
pub use harness::{Harness, OPERATIONS_VARIABLE};
pub use histories::replay;
pub use meter::Allocated;
pub use model::Model;
pub use place::Place;
pub use report::REPORT_VARIABLE;
pub use run::run_case;
pub use site::Site;
pub use stores::{naive, remote};
