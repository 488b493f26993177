//! Shrinking: reduces a script that fails to the few operations that make it fail.
//!
//! Delta debugging (Zeller & Hildebrandt, *Simplifying and Isolating Failure-Inducing Input*, TSE
//! 2002): first removes runs of operations, then simplifies the arguments of those that remain,
//! large cuts before small ones. Each candidate is played on a new store. Shrinking ends when no
//! candidate fails any more, or when the time is up.
//!
//! Beside what playing a script takes, shrinking holds the best script and one candidate. The two
//! share the operations that are the same in both, so that memory is bounded by twice the script.

mod candidates;
mod each;
mod operations;
pub(crate) mod print;
#[cfg(test)]
mod tests;
mod vectors;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use self::each::Each;
use crate::Harness;
use crate::differential::play::{Disagreement, play_until};
use crate::generate::script::Script;

/// How long shrinking may take. The report prints the smallest script found until then.
const TIME_MAX: Duration = Duration::from_secs(20);

/// The part of a case's time limit that shrinking may take.
const TIME_LIMIT_PART: u32 = 8;

/// A script that fails, such that shrinking found no smaller one that fails.
#[derive(Debug)]
pub(crate) struct Shrunk {
    pub(crate) script: Script,
    disagreement: Disagreement,
    replays: usize,
    /// The time, if it was up before all candidates had been tried.
    ended_after: Option<Duration>,
}

/// How long shrinking a history of this harness may take.
pub(crate) fn time_max(harness: &Harness) -> Duration {
    TIME_MAX.min(harness.time_limit() / TIME_LIMIT_PART)
}

impl Shrunk {
    /// Shrinks a script that failed with this disagreement, for at most [`time_max`] and what is
    /// left of one operation.
    pub(crate) fn of(harness: &Harness, script: Script, disagreement: Disagreement) -> Self {
        let time_max = time_max(harness);
        let mut search = Search {
            harness,
            until: Instant::now() + time_max,
            best: Self { script, disagreement, replays: 0, ended_after: None },
        };
        search.truncate_after_failure();
        while search.drop_operations() | search.simplify() {}
        search.best.ended_after = search.is_over().then_some(time_max);
        search.best
    }

    /// The report: how the script fails, and its source as a regression test.
    pub(crate) fn report(&self, seed: u64) -> String {
        let ended = self.ended_after.map_or_else(String::new, |time| {
            format!(" ({time:?} were up: a smaller script may fail, too)")
        });
        format!(
            "\n\nShrunk to {} operations in {} replays{ended}, it fails at {}\n\nAs a regression test, \
             to be pasted below `conformance_tests!`:\n\n{}",
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
    fn is_over(&self) -> bool {
        Instant::now() > self.until
    }

    /// Plays the candidate. If it fails too, it becomes the best script. Returns whether it did.
    fn accept(&mut self, candidate: Script) -> bool {
        self.best.replays += 1;
        match play_until(&candidate, self.harness, Some(self.until)) {
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
            while end > 0 && !self.is_over() {
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

    /// Makes the schema, the arguments of each operation and the ids simpler. Returns whether the
    /// script became simpler.
    fn simplify(&mut self) -> bool {
        let mut is_simpler = self.try_each(candidates::of_schema);
        let mut at = 0;
        while at < self.best.script.operations.len() && !self.is_over() {
            is_simpler |= self.try_each(|script, each| candidates::of_operation(script, at, each));
            at += 1;
        }
        is_simpler | self.try_each(candidates::of_ids)
    }

    /// Tries the candidates of the best script in their order. Of a candidate that fails too, it
    /// tries those from the same position on. Returns whether there was one.
    fn try_each(
        &mut self,
        candidates: impl Fn(&Script, Each<'_, Script>) -> ControlFlow<()>,
    ) -> bool {
        let (mut tried, mut is_simpler) = (0, false);
        loop {
            let base = self.best.script.clone();
            let (mut position, mut is_accepted) = (0, false);
            let ended = candidates(&base, &mut |candidate| {
                position += 1;
                if position <= tried {
                    return ControlFlow::Continue(());
                }
                if self.is_over() {
                    return ControlFlow::Break(());
                }
                is_accepted = self.accept(candidate);
                match is_accepted {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            });
            if ended.is_continue() || !is_accepted {
                return is_simpler;
            }
            (tried, is_simpler) = (position - 1, true);
        }
    }
}
