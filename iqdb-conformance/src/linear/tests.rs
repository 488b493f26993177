//! The checkers, put to the test on histories that are known.

mod agreement;
mod by_hand;
mod every_order;
mod simulated;
