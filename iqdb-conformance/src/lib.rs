//! The suite that every iqdb backend passes, ours or a stranger's.
//!
//! The documentation of the traits in `iqdb-core` is a list of statements, and each is the name of
//! a case here. A run is over a store and the search it is paired with; the oracle is the
//! [`Model`], a sorted map that a child can read.
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
//! It stamps one test per case, such as `apply::delete_removes_the_record`, so that
//! `cargo test apply::` runs one family. Several backends in one file each get a `mod` of their
//! own. `examples/own-backend` is a whole crate like that. A crate with only a store or only a
//! search pairs it with the other half from [`naive`].
//!
//! # Declare capabilities
//! A store says in its [`capabilities`](iqdb_core::Store::capabilities) what it promises beyond the
//! contract, and the suite takes it at its word: what is promised is tested, and what isn't is not
//! needed. A store that promises to be durable is made with [`Harness::durable`] from a [`Place`]
//! that outlives it, and then is closed, killed and reopened. What memory costs can be told only by
//! a global allocator that counts, which is the test binary's to choose:
//! [`Harness::with_allocation_meter`] hands it to the suite. A case about something that the backend
//! doesn't promise, or that the harness can't measure, ends as [`Outcome::NotPromised`], which the
//! report shows as `n/a`; nothing is skipped without a word.
//!
//! # See a failure again
//! A failure names the backend, the statement, what was expected and what was found. One in a random
//! history also names its seed, from which everything in it follows:
//!
//! ```text
//! IQDB_CONFORMANCE_SEED=17 cargo test histories::
//! ```
//!
//! Other seeds than the usual ones are as good; that is how to look for more. A history of many
//! threads (`concurrency::concurrent_histories_are_linearizable`) draws the same calls again, but how
//! they overlap is up to the machine: repeat it, and read the failure, which shows the few
//! operations that contradict each other. A case that doesn't end is a failure after
//! [`Harness::TIME_LIMIT`].
//!
//! A random history that failed has been shrunk, too: to a few [`Operation`]s, printed as a whole `#[test]` that
//! calls [`replay`]. Pasted below `conformance_tests!` it fails for the same reason, is a good place
//! for a breakpoint, and stays as a regression test. Where it doesn't fail again, the message says
//! so: the defect then depends on time, and the cases of the family `concurrency` are nearer to it.
//!
//! # How much of it
//! The histories have [`Harness::OPERATIONS`] operations in all, [`Harness::with_operations`] says
//! otherwise for one harness, and `IQDB_CONFORMANCE_OPERATIONS` for all of them:
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
//! 4. See it fail: a line with a story in `defects/defect.rs`, which names the case, and in
//!    `defects/store.rs`, `snapshot.rs`, `search.rs` or `log.rs` the few lines that go wrong. A case
//!    that no defect makes fail is itself a failure, and so is a defect that no case catches: the
//!    test `defects` holds each against the cases about it, and `cargo xtask conformance --defects`
//!    against all.

#![forbid(unsafe_code)]

mod case;
mod cases;
mod catch;
mod check;
mod differential;
mod generate;
mod harness;
mod histories;
mod linear;
mod meter;
mod model;
mod report;
mod run;
mod shrink;
mod stamp;
mod stores;
mod threads;

pub use case::{Case, Failure, Outcome};
pub use cases::CASES;
pub use check::{check_same, check_snapshot};
pub use generate::operation::{Operation, Question};
pub use generate::seed::SEED_VARIABLE;
pub use harness::{Harness, OPERATIONS_VARIABLE, Place, Site};
pub use histories::replay;
pub use meter::Allocated;
pub use model::Model;
pub use report::REPORT_VARIABLE;
pub use run::run_case;
pub use stores::naive;
