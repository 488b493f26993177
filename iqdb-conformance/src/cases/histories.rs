//! Random histories, held against the model at every step.

use iqdb_core::Result;

use crate::histories::live_through_all;
use crate::{Harness, Outcome};

pub(super) fn random_operations_agree_with_the_model(harness: &Harness) -> Result<Outcome> {
    live_through_all(harness)?;
    Ok(Outcome::Kept)
}
