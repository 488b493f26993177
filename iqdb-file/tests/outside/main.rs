//! What happens to a database from outside: its directory is moved, swapped, removed or copied, its
//! files are taken away or replaced, its disk or its system refuses, its process forks. On the real
//! file system, one test for each promise, and for planted defects one that shows the promise broken.

#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod beside;
mod child;
mod creating;
mod database;
mod empty_directories;
mod events;
mod failures;
mod forks;
mod limits;
mod locks;
mod mixed;
mod refusing;
mod removed;
mod replaced;
mod swaps;
mod taken;
