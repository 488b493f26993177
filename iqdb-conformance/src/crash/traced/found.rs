//! What a store shows that is opened after a crash: a version that the writing process can have left, as
//! a whole.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use iqdb_core::{Batch, Record, Result, StoreExt, Version};

use crate::catch::{panic_message, silence_panics};
use crate::check::check_same;
use crate::crash::script::Script;
use crate::{Harness, Model, processes};

/// What the stores of a harness have to show at each version of a script.
#[derive(Debug)]
pub(super) struct Versions<'a> {
    harness: &'a Harness,
    models: Vec<Model>,
}

impl<'a> Versions<'a> {
    /// Those of the script of these sizes.
    ///
    /// # Errors
    /// Any error of the script.
    pub(super) fn of(harness: &'a Harness, sizes: &[usize]) -> Result<Self> {
        let schema = Script::of_sizes(sizes)?.schema;
        Self { harness, models: vec![Model::new(schema)] }.then(0, sizes)
    }

    /// Those of a store that is opened at a version, and to which the script of these sizes is written
    /// then.
    ///
    /// # Errors
    /// Any error of the script.
    pub(super) fn then(&self, version: usize, sizes: &[usize]) -> Result<Self> {
        let mut models = self.models[..=version].to_vec();
        let mut model = models[version].clone();
        for batch in &Script::of_sizes(sizes)?.batches {
            model.apply(batch)?;
            models.push(model.clone());
        }
        Ok(Self { harness: self.harness, models })
    }
}

/// What a store may show.
#[derive(Debug, Clone)]
pub(super) struct Possible {
    pub(super) versions: RangeInclusive<usize>,
    /// Whether it was there before the crash. One that was still being created may refuse to be opened.
    pub(super) is_created: bool,
}

impl Possible {
    /// These versions of a store that was there.
    pub(super) fn of(versions: RangeInclusive<usize>) -> Self {
        Self { versions, is_created: true }
    }
}

/// Checks the store at a path as a crash left it: that it can be opened and shows one of these versions,
/// that it can be written to, and that what is written is there when it is opened again.
///
/// # Panics
/// When a store shows anything else, or returns an error. The message says which crash came before.
pub(super) fn check(
    versions: &Versions<'_>,
    path: &Path,
    possible: &Possible,
    crash: impl Display,
) {
    let check = || is_possible(versions, path, possible);
    let message = match silence_panics(|| catch_unwind(AssertUnwindSafe(check))) {
        Ok(Ok(())) => return,
        Ok(Err(error)) => format!("expected success, found the error {error:?}"),
        Err(panic) => panic_message(&*panic),
    };
    panic!("{crash}: {message}");
}

fn is_possible(versions: &Versions<'_>, path: &Path, possible: &Possible) -> Result<()> {
    let Versions { harness, models } = versions;
    let open = harness.opens().expect("a store in files");
    let store = match open(path, models[0].schema().clone()) {
        Err(_) if !possible.is_created => return Ok(()),
        store => store?,
    };
    let possible = &possible.versions;
    let Version(found) = store.snapshot()?.version();
    let model = usize::try_from(found).ok().filter(|found| possible.contains(found));
    let Some(model) = model.and_then(|found| models.get(found)) else {
        panic!("the version that is opened: expected one of {possible:?}, found {found}");
    };
    let mut model = model.clone();
    check_same(&*store, &model, harness.search())?;
    let batch = Batch::new().upsert(Record::new("after the crash", [1.0, 2.0, 3.0])?);
    store.apply(&batch)?;
    model.apply(&batch)?;
    let store = {
        let _none = processes::hold_back();
        drop(store);
        open(path, models[0].schema().clone())?
    };
    check_same(&*store, &model, harness.search())
}
