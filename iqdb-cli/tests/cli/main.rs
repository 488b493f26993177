//! The command as a user meets it: the real binary, its two outputs and its exit code.

#![allow(clippy::unwrap_used)]

mod bench;
mod command;
mod database;
mod demo;
mod export;
mod fields;
mod files;
mod import;
mod index;
mod interrupted;
mod made_ids;
mod run;
mod search;
mod tables;
mod texts;
