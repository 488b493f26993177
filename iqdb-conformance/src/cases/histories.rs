//! Random histories, compared with the model at every step.

use iqdb_core::Result;

use crate::histories::check_all;
use crate::{Harness, Outcome};

pub(super) fn random_operations_agree_with_the_model(harness: &Harness) -> Result<Outcome> {
    check_all(harness)
}
