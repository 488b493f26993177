//! Creating, opening, copying and checking a database.

pub(crate) mod backup;
mod create;
mod fill;
mod left_over;
pub(crate) mod open;
mod recovery;
mod unneeded_files;
pub(crate) mod verify;
