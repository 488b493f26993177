//! Seeds: a handful of inputs per target to begin with, written by a command and committed.
//!
//! A fuzzer that starts from something meaningful doesn't spend its first hour on finding out what
//! a quoted string is.

use std::path::PathBuf;
use std::{fs, io};

use fastrand::Rng;

use crate::{Target, inputs};

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

/// Writes the seeds of a target where they are committed, in place of those that were there.
///
/// # Errors
/// Whatever the file system reports.
pub fn write(target: &Target) -> io::Result<Vec<PathBuf>> {
    let folder = inputs::seeds_folder(target);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut written = Vec::new();
    for seed in (target.seeds)() {
        let path = folder.join(seed.name);
        fs::write(&path, seed.bytes)?;
        written.push(path);
    }
    Ok(written)
}
