//! Where no process is traced.

/// Kills that are not tried.
pub(crate) mod kills {
    use iqdb_core::Result;

    use crate::{Harness, Outcome};

    pub(crate) fn check(_: &Harness, _: &str) -> Result<Outcome> {
        super::UNTRACED
    }
}

/// Power cuts that are not tried.
pub(crate) mod power_cuts {
    use iqdb_core::Result;

    use crate::{Harness, Outcome};

    pub(crate) fn check(_: &Harness, _: &str) -> Result<Outcome> {
        super::UNTRACED
    }
}

const UNTRACED: iqdb_core::Result<crate::Outcome> =
    Ok(crate::Outcome::NotPromised("processes are traced on Linux only"));
