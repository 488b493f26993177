//! Shrinking: reduces a script that fails to the few operations that make it fail.
//!
//! Delta debugging (Zeller & Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, TSE
//! 2002): first removes runs of operations, then simplifies the arguments of those that remain.
//! Each candidate is played on a new store. Shrinking ends when no candidate fails any more, or
//! when the time is up.

mod candidates;
pub(crate) mod print;
mod vectors;

use std::time::{Duration, Instant};

use crate::Harness;
use crate::differential::play::{Disagreement, play};
use crate::generate::script::Script;

/// How long shrinking may take. The report prints the smallest script found until then.
const TIME_MAX: Duration = Duration::from_secs(20);

/// A script that fails, such that shrinking found no smaller one that fails.
#[derive(Debug)]
pub(crate) struct Shrunk {
    pub(crate) script: Script,
    disagreement: Disagreement,
    replays: usize,
}

impl Shrunk {
    /// Shrinks a script that failed with this disagreement.
    pub(crate) fn of(harness: &Harness, script: Script, disagreement: Disagreement) -> Self {
        let mut search = Search {
            harness,
            until: Instant::now() + TIME_MAX,
            best: Self { script, disagreement, replays: 0 },
        };
        search.truncate_after_failure();
        while search.drop_operations() | search.simplify() {}
        search.best
    }

    /// The report: how the script fails, and its source as a regression test.
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
    /// Plays the candidate. If it fails too, it becomes the best script. Returns whether it did.
    fn accept(&mut self, candidate: Script) -> bool {
        if Instant::now() > self.until {
            return false;
        }
        self.best.replays += 1;
        match play(&candidate, self.harness) {
            Some(disagreement) => {
                self.best.script = candidate;
                self.best.disagreement = disagreement;
                self.truncate_after_failure();
                true
            }
            None => false,
        }
    }

    /// Removes the operations after the one that failed: they were never performed.
    fn truncate_after_failure(&mut self) {
        self.best.script.operations.truncate(self.best.disagreement.step.saturating_add(1));
    }

    /// Removes runs of operations: halves, quarters, and so on down to single ones. Returns whether
    /// the script became shorter.
    fn drop_operations(&mut self) -> bool {
        let before = self.best.script.operations.len();
        let mut run = before.div_ceil(2);
        while run > 0 {
            // From the end: no other operation depends on the last one.
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

    /// Replaces the script by simpler candidates that fail too, as long as there are any. Returns
    /// whether there was one.
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
