//! The lineage of a block: where its rows come from.
//!
//! ```text
//! lineage = nothing                        all rows are born in the block
//!         | u32 blocks  blocks × u128      the blocks that rows come from
//!           u32 runs    runs × run         in rising order, without overlaps
//! run     = u32 first row  u32 rows  u32 number of the block that they come from  u32 first row there
//! ```

use iqdb_core::{Birthplace, Error, ErrorKind, Lineage, LineageRun, Result, SealId};

use crate::format::wire::{Reader, put_u32};

/// The size of a run, and that of the id of a block, in bytes.
pub(crate) const RUN_BYTES: usize = 16;
pub(crate) const BLOCK_ID_BYTES: usize = 16;

/// The bytes of a lineage; none for rows that are all born in the block.
pub(crate) fn encode_lineage(lineage: &Lineage) -> Vec<u8> {
    let (mut blocks, mut bytes) = (Vec::new(), Vec::new());
    for LineageRun { rows, from } in lineage.runs() {
        let known = blocks.iter().rposition(|block| *block == from.seal);
        let block = known.unwrap_or_else(|| {
            blocks.push(from.seal);
            blocks.len() - 1
        });
        // A block has fewer rows than 32 bits count, and comes from no more blocks.
        let block = u32::try_from(block).unwrap_or(u32::MAX);
        for number in [rows.start, rows.end - rows.start, block, from.row] {
            put_u32(&mut bytes, number);
        }
    }
    if blocks.is_empty() {
        return bytes;
    }
    let mut all = Vec::with_capacity(8 + BLOCK_ID_BYTES * blocks.len() + bytes.len());
    let count = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    put_u32(&mut all, count(blocks.len()));
    blocks.iter().for_each(|block| all.extend_from_slice(&block.to_u128().to_le_bytes()));
    put_u32(&mut all, count(bytes.len() / RUN_BYTES));
    all.extend_from_slice(&bytes);
    all
}

/// The lineage of a block with `rows` rows. Asks for no memory before it has seen the bytes.
///
/// # Errors
/// [`ErrorKind::Damaged`] for bytes that no lineage has.
pub(crate) fn decode_lineage(bytes: &[u8], rows: usize) -> Result<Lineage> {
    if bytes.is_empty() {
        return Ok(Lineage::new());
    }
    let mut fields = Reader::new(bytes);
    let blocks = take_count(&mut fields, bytes.len() / BLOCK_ID_BYTES)?;
    let mut ids = Vec::with_capacity(blocks);
    for _ in 0..blocks {
        let (low, high) = (fields.take_u64()?, fields.take_u64()?);
        ids.push(SealId::from_u128(u128::from(high) << 64 | u128::from(low)));
    }
    let runs = take_count(&mut fields, bytes.len() / RUN_BYTES)?;
    let mut decoded = Vec::with_capacity(runs);
    for _ in 0..runs {
        let [first, len, block, row] = [(); 4].map(|()| fields.take_u32());
        let (first, len) = (first?, len?);
        let end = first.checked_add(len).filter(|end| *end as usize <= rows);
        let (Some(end), Some(seal)) = (end, ids.get(block? as usize)) else {
            return Err(impossible("a run is not of the block's rows, or of no other block"));
        };
        let from = Birthplace { seal: *seal, row: row? };
        decoded.push(LineageRun { rows: first..end, from });
    }
    fields.finish()?;
    Lineage::from_runs(decoded).map_err(|error| impossible("its runs don't rise").caused_by(error))
}

fn take_count(fields: &mut Reader<'_>, most: usize) -> Result<usize> {
    let count = fields.take_u32()? as usize;
    match count <= most {
        true => Ok(count),
        false => Err(impossible("it has more parts than bytes")),
    }
}

fn impossible(what: &'static str) -> Error {
    Error::new(ErrorKind::Damaged, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: usize = 20;

    fn lineage() -> Lineage {
        let place = |seal: u128, row| Some(Birthplace { seal: SealId::from_u128(seal), row });
        let mut lineage = Lineage::new();
        for birthplace in [None, place(7, 3), place(7, 4), place(u128::MAX, 0), None, place(7, 9)] {
            lineage.push(birthplace);
        }
        lineage
    }

    #[test]
    fn a_lineage_reads_back() {
        for lineage in [lineage(), Lineage::new()] {
            let bytes = encode_lineage(&lineage);
            assert_eq!(bytes.is_empty(), lineage.is_empty());
            let found = decode_lineage(&bytes, ROWS).unwrap();
            assert!(found.runs().eq(lineage.runs()));
        }
        assert_eq!(encode_lineage(&lineage()).len(), 4 + 2 * 16 + 4 + 3 * 16);
    }

    #[test]
    fn what_can_not_be_is_damage() {
        let good = encode_lineage(&lineage());
        assert!(decode_lineage(&good, 5).is_err(), "a run ends behind the last row");
        for len in 1..good.len() {
            assert!(decode_lineage(&good[..len], ROWS).is_err(), "{len} bytes");
        }
        assert!(decode_lineage(&[&good[..], &[0]].concat(), ROWS).is_err());
        // The first run: its first row, its length, its block; and both counts.
        for (at, byte) in [(40, 5), (44, 0), (44, 9), (48, 2), (3, 1), (39, 1)] {
            let mut bad = good.clone();
            bad[at] = byte;
            let error = decode_lineage(&bad, ROWS).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "byte {at}");
        }
    }
}
