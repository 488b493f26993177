//! The seed that the environment sets, to replay one history.

/// The environment variable that replays one history instead of the usual ones.
pub const SEED_VARIABLE: &str = "IQDB_CONFORMANCE_SEED";

/// The seed in the environment, if one is set.
///
/// # Panics
/// When the variable isn't a number.
pub(crate) fn seed_to_replay() -> Option<u64> {
    let text = std::env::var(SEED_VARIABLE).ok()?;
    match text.parse() {
        Ok(seed) => Some(seed),
        Err(error) => panic!("{SEED_VARIABLE} is {text:?}, which is no seed: {error}"),
    }
}
