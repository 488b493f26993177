//! Random histories, held against the model at every step.

use iqdb_core::Result;

use crate::history::{live_through, seeds};
use crate::{Harness, Outcome};

pub(super) fn random_operations_agree_with_the_model(harness: &Harness) -> Result<Outcome> {
    for seed in seeds() {
        live_through(harness, seed);
    }
    Ok(Outcome::Kept)
}
