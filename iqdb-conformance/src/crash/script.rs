//! A script: the batches that a process writes until it is killed.

use iqdb_core::{Batch, Metric, Payload, Record, RecordId, Result, Schema};

use crate::generate::corpus::{self, Distribution};

/// Batches of given sizes, each of which makes a version.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) schema: Schema,
    pub(super) batches: Vec<Batch>,
}

impl Script {
    /// The script of these sizes. The same sizes are the same script in every process.
    pub(super) fn of_sizes(sizes: &[usize]) -> Result<Self> {
        let schema = Schema::new(3, Metric::Euclidean)?;
        let mut written: Vec<RecordId> = Vec::new();
        let mut batches = Vec::new();
        for (seed, size) in (0_u64..).zip(sizes) {
            let count = *size as u64;
            let records = corpus::records(&schema, count, Distribution::Extreme, seed)?;
            batches.push(batch(seed, records, &mut written));
        }
        Ok(Self { schema, batches })
    }
}

/// A batch of as many changes as records: most are upserts, some of them with texts that are longer
/// than a sector or a page.
fn batch(seed: u64, records: Vec<Record>, written: &mut Vec<RecordId>) -> Batch {
    let mut batch = Batch::new();
    for (n, record) in records.into_iter().enumerate() {
        let earlier = written.get(n * 7).cloned();
        batch = match (n % 8, earlier) {
            (3, Some(earlier)) => batch.delete(earlier),
            (5, Some(earlier)) => {
                batch.set_payload(earlier, Payload::new().with("by", seed.cast_signed()))
            }
            _ => {
                written.push(record.id.clone());
                let text = "t".repeat([0, 40, 5_000, 700][n % 4]);
                let payload = record.payload.clone().with("text", text);
                batch.upsert(record.with_payload(payload))
            }
        };
    }
    batch
}
