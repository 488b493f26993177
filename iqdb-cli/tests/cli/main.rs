//! The command as a user meets it: the real binary, its two outputs and its exit code.

#![allow(clippy::unwrap_used)]

mod bench;
mod command;
mod demo;
mod files;
mod run;
