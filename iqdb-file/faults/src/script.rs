//! What is done to a database before something happens to it. Everything follows from a seed.

use fastrand::Rng;
use iqdb_core::{Result, Schema};
use iqdb_file::vfs::Vfs;
use iqdb_file::{Defect, Durability, FileOptions, ReadMode};

use crate::draw;
use crate::write::Write;

/// Where the database is on a simulated disk.
pub(crate) const DIR: &str = "disk/db";

/// Where its copy is.
pub(crate) const COPY: &str = "disk/copy";

/// One step of a script.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Write(Write),
    Flush,
    Compact,
    Reopen,
    /// Only once, and at the end.
    Backup,
}

/// How a database is opened: with limits so small that each way of writing is taken often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Profile {
    pub(crate) durability: Durability,
    read_mode: ReadMode,
    log_bytes: u64,
    changes: u64,
    segment_bytes: u64,
    placed_bytes: u64,
    pub(crate) reserve_bytes: u64,
}

/// A schema, a profile and the steps.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    pub(crate) seed: u64,
    pub(crate) schema: Schema,
    pub(crate) profile: Profile,
    pub(crate) steps: Vec<Step>,
}

impl Profile {
    fn draw(rng: &mut Rng) -> Self {
        let one_of = |rng: &mut Rng, of: [u64; 3]| of[rng.usize(..3)];
        Self {
            durability: match rng.u8(..4) {
                0 => Durability::Relaxed,
                _ => Durability::Immediate,
            },
            read_mode: if rng.bool() { ReadMode::Map } else { ReadMode::Copy },
            log_bytes: one_of(rng, [600, 3_000, 20_000]),
            changes: one_of(rng, [10, 40, 1_000]),
            segment_bytes: one_of(rng, [1_000, 4_000, 20_000]),
            placed_bytes: one_of(rng, [64, 500, u64::MAX]),
            reserve_bytes: one_of(rng, [0, 4_096, 8_192]),
        }
    }

    pub(crate) fn options(&self, vfs: impl Vfs, defect: Option<Defect>) -> FileOptions {
        let options = FileOptions::new()
            .with_vfs(vfs)
            .with_durability(self.durability)
            .with_read_mode(self.read_mode)
            .with_seal_bounds(self.log_bytes, self.changes, self.segment_bytes)
            .with_placed_from_bytes(self.placed_bytes)
            .with_reserve_bytes(self.reserve_bytes);
        match defect {
            Some(defect) => options.with_defect(defect),
            None => options,
        }
    }

    /// Whether a write is on the disk when it has been acknowledged.
    pub(crate) fn is_immediate(&self) -> bool {
        self.durability == Durability::Immediate
    }
}

impl Script {
    /// The script of this seed.
    ///
    /// # Errors
    /// None that its own schema could give.
    pub(crate) fn draw(seed: u64, steps: usize) -> Result<Self> {
        let mut rng = Rng::with_seed(draw::mixed(seed, 1));
        let schema = draw::schema(&mut rng)?;
        let profile = Profile::draw(&mut rng);
        // Some scripts leave something out, which finds what an even mixture hides.
        let [flush, compact, reopen] = [2, 2, 2].map(|n| if rng.u8(..3) == 0 { 0 } else { n });
        let mut drawn = Vec::new();
        let mut fields = draw::later_fields(&schema)?.into_iter();
        for _ in 0..steps {
            if rng.u8(..16) == 0
                && let Some(field) = fields.next()
            {
                drawn.push(Step::Write(Write::Field(field)));
                continue;
            }
            let at = rng.u8(..20 + flush + compact + reopen);
            drawn.push(match at {
                at if at < 20 => Step::Write(Write::Batch(draw::batch(&mut rng, &schema)?)),
                at if at < 20 + flush => Step::Flush,
                at if at < 20 + flush + compact => Step::Compact,
                _ => Step::Reopen,
            });
        }
        if rng.u8(..3) == 0 {
            drawn.push(Step::Backup);
        }
        Ok(Self { seed, schema, profile, steps: drawn })
    }
}
