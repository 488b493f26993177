//! Counts of what was looked at and what was found, shared by the threads of a run.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::finding::{Breach, Finding};
use crate::terminal::{count, say};

/// The most findings that are told in full.
const TOLD_MAX: usize = 20;

/// What a run has counted so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    images: AtomicU64,
    taken: AtomicU64,
    found: Mutex<Vec<(String, Finding)>>,
    stop: AtomicBool,
    stops_at_first: bool,
}

impl Tally {
    /// One that stops the run at its first finding.
    pub(crate) fn until_first() -> Self {
        Self { stops_at_first: true, ..Self::default() }
    }

    pub(crate) fn add(&self, images: u64) {
        self.images.fetch_add(images, Ordering::Relaxed);
    }

    /// Counts an image from which another program had taken something away that it needs.
    pub(crate) fn taken(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn images(&self) -> u64 {
        self.images.load(Ordering::Relaxed)
    }

    /// Keeps what was found, with the arguments that show it again.
    pub(crate) fn found(&self, replay: String, finding: Finding) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push((replay, finding));
        if self.stops_at_first {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn first(&self) -> Option<Finding> {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.first().map(|(_, finding)| finding.clone())
    }

    /// Runs `each` for the seeds from `first` on, on every processor, until there are as many images
    /// as wanted; how many seeds that took.
    pub(crate) fn fill(&self, first: u64, images: u64, each: impl Fn(u64) + Sync) -> u64 {
        let next = AtomicU64::new(first);
        let work = || {
            while self.images() < images && !self.is_stopped() {
                each(next.fetch_add(1, Ordering::Relaxed));
            }
        };
        let workers = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(work);
            }
        });
        next.into_inner() - first
    }

    /// Prints what was done and found; whether nothing was.
    pub(crate) fn report(&self, command: &str, done: &str) -> bool {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counts: BTreeMap<Breach, u64> = BTreeMap::new();
        found.iter().for_each(|(_, finding)| *counts.entry(finding.breach).or_default() += 1);
        let counted = Breach::ALL.map(|breach| {
            format!("{} {}", count(counts.get(&breach).copied().unwrap_or(0)), breach.name())
        });
        let taken = match self.taken.load(Ordering::Relaxed) {
            0 => String::new(),
            taken => format!(" ({} removed by hand, and said so)", count(taken)),
        };
        say(&format!("{command}: {done}: {}{taken}", counted.join(", ")));
        let mut told: Vec<String> = Vec::new();
        for (replay, finding) in found.iter() {
            let shape = shape(&finding.to_string());
            if told.len() < TOLD_MAX && !told.contains(&shape) {
                say(&format!("  {finding}\n    cargo xtask {command} {replay}"));
                told.push(shape);
            }
        }
        if found.len() > told.len() {
            say(&format!("  and {} more, many of them alike", found.len() - told.len()));
        }
        found.is_empty()
    }
}

/// What findings have in common that differ in their numbers only.
fn shape(story: &str) -> String {
    story.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// Says whether a planted defect was caught, and returns it.
pub(crate) fn planted(command: &str, defect: &str, tally: &Tally, unit: &str) -> bool {
    let images = count(tally.images());
    match tally.first() {
        Some(finding) => {
            say(&format!("{command}: planted {defect}: caught after {images} {unit}: {finding}"));
            true
        }
        None => {
            say(&format!("{command}: planted {defect}: NOT CAUGHT by {images} {unit}"));
            false
        }
    }
}
