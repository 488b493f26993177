//! Tests of the checkers, on histories with a known verdict.

mod agreement;
mod by_hand;
mod every_order;
mod simulated;
