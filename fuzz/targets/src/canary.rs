//! The canary: a target with a defect that is meant to be found.
//!
//! It tests no part of iqdb, only the fuzzer that runs it.

use crate::seed::Seed;

/// Fails for bytes that begin with `iqdb`.
///
/// # Panics
/// That is what it is for.
pub fn canary(data: &[u8]) {
    // A byte at a time, so that coverage leads the way.
    let mut matched = 0;
    for (byte, wanted) in data.iter().zip(b"iqdb") {
        if byte != wanted {
            break;
        }
        matched += 1;
    }
    match matched {
        4 => panic!("the canary sings: this defect is planted, and it was found"),
        _ => std::hint::black_box(matched),
    };
}

/// Two inputs that say nothing of the defect.
pub(crate) fn seeds() -> Vec<Seed> {
    vec![Seed::new("a-word", *b"ocean"), Seed::new("zeros", [0; 8])]
}
