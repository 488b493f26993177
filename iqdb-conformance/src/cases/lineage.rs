//! Where the rows of sealed blocks come from.

use std::collections::BTreeMap;

use iqdb_core::{Batch, Birthplace, Metric, Record, Result, Schema, SealId, Snapshot};

use super::blocks::each_block;
use crate::check::exact::{assert_is, assert_record};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::{Harness, Outcome};

/// What has been seen of sealed blocks.
#[derive(Default)]
struct Seen {
    /// The rows of each block, and where they were born.
    contents: BTreeMap<SealId, Vec<(Record, Birthplace)>>,
    /// How many rows came from a block that had been seen.
    carried: usize,
}

impl Seen {
    /// Panics unless the blocks of a snapshot that have not been seen name birthplaces with the same
    /// rows, as far as those have been.
    fn check(&mut self, snapshot: &dyn Snapshot) -> Result<()> {
        each_block(snapshot, |i, block| {
            let Some(seal) = block.seal() else { return Ok(()) };
            if self.contents.contains_key(&seal.id()) {
                return Ok(());
            }
            let row_of = |row: usize| {
                let birthplace = seal.birthplace(u32::try_from(row).unwrap_or(u32::MAX))?;
                Ok((block.record(row)?.to_record()?, birthplace))
            };
            let contents: Vec<_> = (0..block.len()).map(row_of).collect::<Result<_>>()?;
            for (row, (record, birthplace)) in contents.iter().enumerate() {
                let context = format!("row {row} of block {i}, which was born at {birthplace:?}");
                self.check_row((seal.id(), row), *birthplace, record, &context);
            }
            self.contents.insert(seal.id(), contents);
            Ok(())
        })
    }

    fn check_row(
        &mut self,
        (seal, row): (SealId, usize),
        birthplace: Birthplace,
        record: &Record,
        context: &str,
    ) {
        if birthplace.seal == seal {
            assert_is!(birthplace.row as usize, row, "{context}: its row in the block itself");
        } else if let Some(contents) = self.contents.get(&birthplace.seal) {
            self.carried += 1;
            let born = contents.get(birthplace.row as usize);
            assert_record(Some(record), born.map(|(record, _)| record), context);
            assert_is!(born.map(|(_, at)| *at), Some(birthplace), "{context}: where that was born");
        }
    }
}

pub(super) fn lineage_names_rows_with_the_same_bytes(harness: &Harness) -> Result<Outcome> {
    const RECORDS: u64 = 900;
    let schema = Schema::new(3, Metric::Euclidean)?;
    let mut pair = Differential::new(harness, &schema)?;
    let mut seen = Seen::default();
    for round in 0..5 {
        // In parts, so that what is sealed is seen before it is sealed anew.
        for some in corpus::records(&schema, RECORDS, Distribution::Smooth, round)?.chunks(90) {
            let some = some.iter().filter(|record| round == 0 || by_hash(record) % 5 == round);
            pair.apply(&some.cloned().fold(Batch::new(), Batch::upsert))?;
            seen.check(&*pair.site.snapshot()?)?;
        }
        for rest in 0..3 {
            let gone = (0..RECORDS).filter(|n| n % 11 == 3 * round + rest).map(corpus::id);
            pair.apply(&gone.fold(Batch::new(), Batch::delete))?;
            seen.check(&*pair.site.snapshot()?)?;
        }
        if pair.site.reopens() {
            pair.site.reopen()?;
            seen.check(&*pair.site.snapshot()?)?;
        }
    }
    assert_is!(pair.site.snapshot()?.len(), pair.model.len() as u64, "the number of records");
    match seen.carried {
        0 => Ok(Outcome::NotPromised("it makes no sealed block from others")),
        _ => Ok(Outcome::Kept),
    }
}

/// Some number of a record, the same in every run.
fn by_hash(record: &Record) -> u64 {
    record.id.to_string().bytes().map(u64::from).sum()
}
