//! A simulated disk that loses power and fails on demand, for the tests of what must survive it.
