//! The seed that the environment asks for, from which a history is drawn again.

/// The environment variable that replays one history instead of the usual ones.
pub const SEED_VARIABLE: &str = "IQDB_CONFORMANCE_SEED";

/// The one seed that the environment asks for.
///
/// # Panics
/// When what it asks for is no seed.
pub(crate) fn seed_to_replay() -> Option<u64> {
    let text = std::env::var(SEED_VARIABLE).ok()?;
    match text.parse() {
        Ok(seed) => Some(seed),
        Err(error) => panic!("{SEED_VARIABLE} is {text:?}, which is no seed: {error}"),
    }
}
