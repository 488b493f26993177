//! Seals: the mark of a block that never changes again, and a place for what is derived from it.

use std::fmt::Debug;
use std::sync::OnceLock;

use crate::limits::FIELDS_MAX;
use crate::{Birthplace, DerivedCell, FieldId, Lineage, Result, SealId, Sidecar};

/// Marks a block as sealed: its rows, ids and payloads never change again (which of its rows are
/// alive may). Lives as long as the chunk or segment behind the block, across all its snapshots.
#[derive(Debug)]
pub struct Seal {
    id: SealId,
    lineage: OnceLock<Lineage>,
    lineage_source: Option<Box<dyn LineageSource>>,
    derived: DerivedCell,
    /// Made with the seal: a search that made one would let another search wait for it.
    derived_of: Box<[DerivedCell; FIELDS_MAX]>,
    sidecar: Option<Box<dyn Sidecar>>,
}

/// Where the lineage of a block is saved.
pub trait LineageSource: Debug + Send + Sync {
    /// Reads it. O(runs).
    ///
    /// # Errors
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) or [`ErrorKind::Io`](crate::ErrorKind::Io).
    fn read(&self) -> Result<Lineage>;
}

impl Seal {
    /// A seal with an id of its own and without derived data.
    #[must_use]
    pub fn new() -> Self {
        Self::with_id(SealId::unique())
    }

    /// A seal with this id, which no block of another content has.
    #[must_use]
    pub fn with_id(id: SealId) -> Self {
        Self {
            id,
            lineage: OnceLock::new(),
            lineage_source: None,
            derived: DerivedCell::default(),
            derived_of: Box::default(),
            sidecar: None,
        }
    }

    /// The seal of a block that was made from sealed ones, with the birthplaces of its rows.
    #[must_use]
    pub fn with_lineage(mut self, lineage: Lineage) -> Self {
        self.lineage = lineage.into();
        self
    }

    /// The seal of a block whose lineage is read when it is asked for.
    #[must_use]
    pub fn with_lineage_source(mut self, source: impl LineageSource + 'static) -> Self {
        self.lineage_source = Some(Box::new(source));
        self
    }

    /// The seal, with a place where derived data can be saved.
    #[must_use]
    pub fn with_sidecar(mut self, sidecar: impl Sidecar + 'static) -> Self {
        self.sidecar = Some(Box::new(sidecar));
        self
    }

    /// What tells the block from all others.
    #[must_use]
    pub fn id(&self) -> SealId {
        self.id
    }

    /// Where the rows of the block come from. O(1), but for the first time where it is saved.
    ///
    /// # Errors
    /// Whatever reading it reports.
    pub fn lineage(&self) -> Result<&Lineage> {
        if let Some(lineage) = self.lineage.get() {
            return Ok(lineage);
        }
        let read = self.lineage_source.as_ref().map(|source| source.read()).transpose()?;
        // Another thread may have been faster.
        Ok(self.lineage.get_or_init(|| read.unwrap_or_default()))
    }

    /// The first sealed block that had this row, and the row's number there: this block for a row that
    /// was born in it. O(log runs).
    ///
    /// # Errors
    /// Whatever reading the lineage reports.
    pub fn birthplace(&self, row: u32) -> Result<Birthplace> {
        let birthplace = self.lineage()?.birthplace(row);
        Ok(birthplace.unwrap_or(Birthplace { seal: self.id, row }))
    }

    /// Where derived data can be saved, if the backend has a place for it.
    #[must_use]
    pub fn sidecar(&self) -> Option<&dyn Sidecar> {
        self.sidecar.as_deref()
    }

    /// What has been derived from the block's ids and payloads, for searches to keep; dropped with
    /// the block. Nothing in it may depend on which rows are alive.
    #[must_use]
    pub fn derived(&self) -> &DerivedCell {
        &self.derived
    }

    /// What has been derived from the block's vectors of a field, under the same conditions.
    #[must_use]
    pub fn derived_of(&self, field: FieldId) -> &DerivedCell {
        &self.derived_of[field.index()]
    }
}

impl Default for Seal {
    fn default() -> Self {
        Self::new()
    }
}
