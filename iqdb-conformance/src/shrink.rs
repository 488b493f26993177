//! Shrinking: from a history that fails to the few operations that make it fail.
//!
//! Delta debugging over operations, then over what is in them, each time on a new store, until
//! nothing can be left out or made simpler, or the time is up.

mod candidates;
pub(crate) mod print;

use std::time::{Duration, Instant};

use crate::Harness;
use crate::differential::play::{Disagreement, play};
use crate::generate::script::Script;

/// How long shrinking may take. The report prints the smallest script found until then.
const TIME_MAX: Duration = Duration::from_secs(20);

/// A script that fails, and no smaller one was found.
#[derive(Debug)]
pub(crate) struct Shrunk {
    pub(crate) script: Script,
    disagreement: Disagreement,
    replays: usize,
}

impl Shrunk {
    /// Shrinks a script that has been seen to fail.
    pub(crate) fn of(harness: &Harness, script: Script, disagreement: Disagreement) -> Self {
        let mut search = Search {
            harness,
            until: Instant::now() + TIME_MAX,
            best: Self { script, disagreement, replays: 0 },
        };
        search.forget_what_follows();
        while search.drop_operations() | search.simplify() {}
        search.best
    }

    /// The script as a test to paste, and how it fails.
    pub(crate) fn report(&self, seed: u64) -> String {
        format!(
            "\n\nShrunk to {} operations in {} replays, it fails at {}\n\nAs a regression test, to \
             be pasted below `conformance_tests!`:\n\n{}",
            self.script.operations.len(),
            self.replays,
            print::disagreement(&self.script, &self.disagreement),
            print::test(&format!("shrunk_from_seed_{seed}"), &self.script),
        )
    }
}

struct Search<'a> {
    harness: &'a Harness,
    until: Instant,
    best: Shrunk,
}

impl Search<'_> {
    /// Takes the candidate for the best one if it fails too.
    fn accept(&mut self, candidate: Script) -> bool {
        if Instant::now() > self.until {
            return false;
        }
        self.best.replays += 1;
        match play(&candidate, self.harness) {
            Some(disagreement) => {
                self.best.script = candidate;
                self.best.disagreement = disagreement;
                self.forget_what_follows();
                true
            }
            None => false,
        }
    }

    /// Nothing after the operation that fails has been looked at.
    fn forget_what_follows(&mut self) {
        self.best.script.operations.truncate(self.best.disagreement.step.saturating_add(1));
    }

    /// Leaves out runs of operations: halves, quarters, and so on to single ones. Whether there
    /// are fewer now.
    fn drop_operations(&mut self) -> bool {
        let before = self.best.script.operations.len();
        let mut run = before.div_ceil(2);
        while run > 0 {
            // From the end, where what has been left out can be needed by nothing.
            let mut end = self.best.script.operations.len();
            while end > 0 {
                let start = end.saturating_sub(run);
                let mut candidate = self.best.script.clone();
                candidate.operations.drain(start..end);
                self.accept(candidate);
                end = start.min(self.best.script.operations.len());
            }
            run /= 2;
        }
        self.best.script.operations.len() < before
    }

    /// Replaces the script by simpler ones that fail too, until `simpler` has none. Returns whether
    /// there was one.
    fn simplify(&mut self) -> bool {
        let mut is_simpler = false;
        loop {
            let mut candidates = candidates::scripts(&self.best.script).into_iter();
            if !candidates.any(|candidate| self.accept(candidate)) {
                return is_simpler;
            }
            is_simpler = true;
        }
    }
}
