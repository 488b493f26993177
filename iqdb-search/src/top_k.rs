//! The k nearest of a stream of rows: a bounded heap of distances and places.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU64, Ordering as Memory};

use iqdb_core::{Blocks, Goal, IdRef, Result};

/// Where a row is within its snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) block: usize,
    pub(crate) row: usize,
}

/// A row that may be a hit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Candidate {
    pub(crate) distance: f64,
    pub(crate) place: Place,
}

/// The candidates that are nearest so far, by (distance, id): a binary heap, the farthest on top.
///
/// Ids are looked up only when two distances are equal. A lookup can fail, which is why this isn't
/// the standard library's heap.
#[derive(Debug, Default)]
pub(crate) struct TopK {
    limit: usize,
    max_distance: f64,
    /// The lowest threshold of other threads.
    elsewhere: f64,
    heap: Vec<Candidate>,
}

/// A threshold that the threads of one search share, and that only shrinks.
#[derive(Debug)]
pub(crate) struct SharedThreshold(AtomicU64);

impl SharedThreshold {
    /// Excludes nothing yet.
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(u64::MAX))
    }

    /// Lowers it to `distance`, unless it is lower; returns what it is then. Nothing else is
    /// published by it, so the order of memory doesn't matter: an old value excludes less.
    fn lower(&self, distance: f64) -> f64 {
        let own = ordered(distance);
        let before = self.0.fetch_min(own, Memory::Relaxed);
        if before < own { distance_of(before) } else { distance }
    }
}

/// A number that is ordered as [`f64::total_cmp`] orders distances.
fn ordered(distance: f64) -> u64 {
    let bits = distance.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The inverse of [`ordered`].
fn distance_of(number: u64) -> f64 {
    f64::from_bits(if number >> 63 == 1 { number & !(1 << 63) } else { !number })
}

impl TopK {
    /// Forgets what it holds, keeps the memory, and collects for `goal` from here on.
    pub(crate) fn reset(&mut self, goal: Goal) {
        self.limit = goal.limit();
        self.max_distance = goal.max_distance();
        self.elsewhere = f64::INFINITY;
        self.heap.clear();
    }

    /// A row farther than this is not among the hits. At exactly this distance the id decides.
    pub(crate) fn threshold(&self) -> f64 {
        self.own_threshold().min(self.elsewhere)
    }

    fn own_threshold(&self) -> f64 {
        match self.heap.first() {
            Some(farthest) if self.heap.len() == self.limit => farthest.distance,
            _ => self.max_distance,
        }
    }

    /// Tells other threads the threshold, and takes over theirs. A thread that has as many
    /// candidates as the query wants has proven that a row farther than all of them is no hit, in
    /// whichever block it is.
    pub(crate) fn exchange(&mut self, shared: &SharedThreshold) {
        self.elsewhere = shared.lower(self.own_threshold());
    }

    pub(crate) fn offer(&mut self, candidate: Candidate, on: &dyn Blocks) -> Result<()> {
        if candidate.distance > self.max_distance {
            return Ok(());
        }
        if self.heap.len() < self.limit {
            self.heap.push(candidate);
            return self.sift_up(self.heap.len() - 1, on);
        }
        if precedes(&candidate, &self.heap[0], on)? {
            self.heap[0] = candidate;
            return self.sift_down(0, self.heap.len(), on);
        }
        Ok(())
    }

    /// The candidates, nearest first. O(k log k). Afterwards it has to be reset.
    pub(crate) fn sorted(&mut self, on: &dyn Blocks) -> Result<&[Candidate]> {
        for end in (1..self.heap.len()).rev() {
            self.heap.swap(0, end);
            self.sift_down(0, end, on)?;
        }
        Ok(&self.heap)
    }

    /// The candidates in no order.
    pub(crate) fn candidates(&self) -> &[Candidate] {
        &self.heap
    }

    fn sift_up(&mut self, mut child: usize, on: &dyn Blocks) -> Result<()> {
        while child > 0 {
            let parent = (child - 1) / 2;
            if !precedes(&self.heap[parent], &self.heap[child], on)? {
                break;
            }
            self.heap.swap(parent, child);
            child = parent;
        }
        Ok(())
    }

    fn sift_down(&mut self, mut parent: usize, end: usize, on: &dyn Blocks) -> Result<()> {
        loop {
            let mut farthest = parent;
            for child in [2 * parent + 1, 2 * parent + 2] {
                if child < end && precedes(&self.heap[farthest], &self.heap[child], on)? {
                    farthest = child;
                }
            }
            if farthest == parent {
                return Ok(());
            }
            self.heap.swap(parent, farthest);
            parent = farthest;
        }
    }
}

fn precedes(a: &Candidate, b: &Candidate, on: &dyn Blocks) -> Result<bool> {
    Ok(match a.distance.total_cmp(&b.distance) {
        Ordering::Less => true,
        Ordering::Greater => false,
        Ordering::Equal => id(a.place, on)? < id(b.place, on)?,
    })
}

fn id(place: Place, on: &dyn Blocks) -> Result<IdRef<'_>> {
    on.block(place.block)?.id(place.row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_threshold_only_shrinks() {
        let shared = SharedThreshold::new();
        let told = [f64::INFINITY, 3.5, 9.0, 0.0, 2.0, -0.0, -7.25, -1.0, f64::NEG_INFINITY];
        let known = [f64::INFINITY, 3.5, 3.5, 0.0, 0.0, -0.0, -7.25, -7.25, f64::NEG_INFINITY];
        for (told, known) in told.into_iter().zip(known) {
            assert_eq!(shared.lower(told).to_bits(), known.to_bits(), "{told}");
        }
    }
}
