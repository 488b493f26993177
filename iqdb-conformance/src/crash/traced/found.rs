//! What a store shows that is opened after a crash: a version that the writing process can have left, as
//! a whole.

use std::ops::RangeInclusive;
use std::path::Path;

use iqdb_core::{Batch, Record, Result, StoreExt, Version};

use crate::check::check_same;
use crate::crash::script::Script;
use crate::{Harness, Model};

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
        let script = Script::of_sizes(sizes)?;
        let mut model = Model::new(script.schema);
        let mut models = vec![model.clone()];
        for batch in &script.batches {
            model.apply(batch)?;
            models.push(model.clone());
        }
        Ok(Self { harness, models })
    }
}

/// Opens the store at a path, and checks that it shows one of these versions, that it can be written to,
/// and that what is written is there when it is opened again.
///
/// # Errors
/// Any error of the store.
///
/// # Panics
/// When it shows anything else.
pub(super) fn check(
    versions: &Versions<'_>,
    path: &Path,
    possible: RangeInclusive<usize>,
) -> Result<()> {
    let Versions { harness, models } = versions;
    let open = harness.opens().expect("a store in files");
    let store = open(path, models[0].schema().clone())?;
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
    drop(store);
    check_same(&*open(path, models[0].schema().clone())?, &model, harness.search())
}
