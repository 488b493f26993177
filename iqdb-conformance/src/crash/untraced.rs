//! Where no process is traced.

use iqdb_core::Result;

use crate::{Harness, Outcome};

const UNTRACED: Outcome = Outcome::NotPromised("no process is traced on this system");

/// Kills that are not tried.
pub(crate) fn kills(_: &Harness, _: &str) -> Result<Outcome> {
    Ok(UNTRACED)
}

/// Power cuts that are not tried.
pub(crate) fn power_cuts(_: &Harness, _: &str) -> Result<Outcome> {
    Ok(UNTRACED)
}
