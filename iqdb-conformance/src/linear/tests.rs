//! The checkers, put to the test on histories that are known.
