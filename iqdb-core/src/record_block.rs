//! A block over owned records, for backends that keep records in plain memory.

use crate::{
    BlockSource, ColumnBuf, FieldId, IdRef, Narrow, Payload, PayloadRef, Predicate, Record,
    RecordId, Result, Schema, VectorColumn, Version,
};

/// Records in columns, all of them alive at every version: what a snapshot that copies its records
/// out lends as a block.
#[derive(Debug, Clone)]
pub struct RecordBlock {
    ids: Vec<RecordId>,
    columns: Vec<ColumnBuf>,
    payloads: Vec<Payload>,
}

impl RecordBlock {
    /// Copies the records, row by row in their order. O(bytes).
    ///
    /// # Errors
    /// Those of [`Schema::check_vectors`]; [`ErrorKind::ContractViolation`] for more rows than 32
    /// bits count.
    ///
    /// [`ErrorKind::ContractViolation`]: crate::ErrorKind::ContractViolation
    pub fn new<'a>(schema: &Schema, records: impl IntoIterator<Item = &'a Record>) -> Result<Self> {
        let columns = schema.fields().iter().map(|field| ColumnBuf::new(field.kind()));
        let mut block = Self { ids: Vec::new(), columns: columns.collect(), payloads: Vec::new() };
        for record in records {
            schema.check_vectors(record)?;
            // A row past 32 bits does not rise, which the column refuses.
            let row = u32::try_from(block.ids.len()).unwrap_or(0);
            for (column, field) in block.columns.iter_mut().zip(schema.fields()) {
                if let Some(vector) = record.vector(field.name()) {
                    column.push(row, vector)?;
                }
            }
            block.ids.push(record.id.clone());
            block.payloads.push(record.payload.clone());
        }
        Ok(block)
    }

    /// The ids, row by row.
    #[must_use]
    pub fn ids(&self) -> &[RecordId] {
        &self.ids
    }
}

/// Ranges and rows are checked by [`Block`](crate::Block) before they get here.
impl BlockSource for RecordBlock {
    fn column(&self, field: FieldId) -> Result<Option<&dyn VectorColumn>> {
        Ok(self.columns.get(field.index()).map(|column| column as &dyn VectorColumn))
    }

    fn clear_dead(&self, _: Version, _: &mut Narrow<'_>) -> Result<()> {
        Ok(())
    }

    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(self.ids[row].as_ref())
    }

    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.payloads[row]).into())
    }

    fn matching(&self, _: &Predicate, _: &mut Narrow<'_>) -> Result<bool> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, Element, Metric, Vector};

    #[test]
    fn a_block_lends_the_records_that_it_was_made_of() {
        let schema = Schema::builder()
            .dense("vector", 2, Metric::Cosine)
            .dense("half", 1, Metric::Dot)
            .element(Element::F16)
            .dense("bits", 9, Metric::Jaccard)
            .element(Element::Binary)
            .sparse("terms", Metric::Dot)
            .dense("nothing", 3, Metric::Dot)
            .element(Element::BF16)
            .build()
            .unwrap();
        let half = Vector::try_from([0.5]).unwrap().to_f16().unwrap();
        let records = [
            Record::new(1, [1.0, -0.0]).unwrap().with("n", 1),
            Record::without_vector("b").with("n", 2),
            Record::new("c", [2.0, 0.0])
                .and_then(|r| r.with_vector("half", half))
                .and_then(|r| r.with_vector("bits", Vector::binary(9, [0x81, 0x80])?))
                .unwrap(),
            Record::without_vector(4)
                .with_vector("terms", Vector::sparse([3, 70_000], [0.5, -1.0]).unwrap())
                .unwrap(),
        ];
        let source = RecordBlock::new(&schema, &records).unwrap();
        let block = Block::new(&source, &schema, records.len(), Version(1)).unwrap();
        for (row, record) in records.iter().enumerate() {
            assert_eq!(block.record(row).unwrap().to_record().unwrap(), *record);
        }
        let lent: Vec<_> = schema
            .iter()
            .map(|(id, _)| block.column(id).unwrap().map(|c| c.rows_of().unwrap().to_vec()))
            .collect();
        assert_eq!(lent, [Some(vec![0, 2]), Some(vec![2]), Some(vec![2]), Some(vec![3]), None]);
    }

    #[test]
    fn a_record_that_does_not_fit_is_refused() {
        let schema = Schema::new(2, Metric::Dot).unwrap();
        assert!(RecordBlock::new(&schema, &[Record::new(1, [1.0]).unwrap()]).is_err());
    }
}
