//! Creating, opening, copying and checking a database.

pub(crate) mod backup;
mod create;
pub(crate) mod open;
mod recovery;
pub(crate) mod verify;
