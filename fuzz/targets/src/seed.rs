//! Seeds: a handful of inputs per target to begin with, written by a command and committed.
//!
//! A fuzzer that starts from something meaningful doesn't spend its first hour on finding out what
//! a quoted string is.

use fastrand::Rng;

/// An input and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// Its file's name.
    pub name: &'static str,
    /// Its file's content.
    pub bytes: Vec<u8>,
}

impl Seed {
    pub(crate) fn new(name: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        Self { name, bytes: bytes.into() }
    }
}

/// The first random bytes that stand for what is wanted.
pub(crate) fn drawn(name: &'static str, length: usize, wanted: impl Fn(&[u8]) -> bool) -> Seed {
    const DRAWS_MAX: u64 = 100_000;
    let mut bytes = vec![0; length];
    for draw in 0..DRAWS_MAX {
        Rng::with_seed(draw).fill(&mut bytes);
        if wanted(&bytes) {
            return Seed { name, bytes };
        }
    }
    panic!("{DRAWS_MAX} draws of {length} bytes, and none stands for {name}");
}
