//! The toy stores that the suite brings along, and a snapshot of rows that no store accepts.

pub(crate) mod fixed_snapshot;
pub mod naive;
pub mod remote;
