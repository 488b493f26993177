//! What a store promises beyond the contract, and what it can hold.

use std::fmt;

use crate::limits::{DIM_MAX, FIELDS_MAX, PAYLOAD_BYTES_MAX, SPARSE_TERMS_MAX};
use crate::{Element, Error, ErrorKind, Field, FieldKind, Result, Schema};

/// Promises beyond [`Store`](crate::Store)'s contract, and [limits](Limits) below the contract's.
/// What is not promised is never relied upon.
///
/// ```
/// use iqdb_core::Capabilities;
///
/// let promised = Capabilities::none().with_durable();
/// assert!(promised.durable() && !promised.wait_free_reads());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Capabilities {
    durable: bool,
    wait_free_reads: bool,
    space_amplification: Option<u32>,
    limits: Limits,
}

impl Capabilities {
    /// The memory in bytes that a store with a promised
    /// [space amplification](Self::with_space_amplification) may take beyond it: 4 MiB.
    pub const SPACE_BYTES_MIN: u64 = 4 << 20;

    /// The contract and nothing more.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Promises that acknowledged writes outlive the process, and a power cut where the disk keeps what
    /// is synced, unless the store was opened so that it syncs later.
    #[must_use]
    pub fn with_durable(mut self) -> Self {
        self.durable = true;
        self
    }

    /// Promises that `Store::snapshot` and every method of `Snapshot` and of the blocks it lends
    /// take no lock and, after a thread's first read, allocate nothing.
    #[must_use]
    pub fn with_wait_free_reads(mut self) -> Self {
        self.wait_free_reads = true;
        self
    }

    /// Promises that memory is bounded by what is live, and not by what was written: while no snapshot
    /// is held and no field is being added, a store takes at most `most` times the memory that a new
    /// store takes for the same records, and [`SPACE_BYTES_MIN`](Self::SPACE_BYTES_MIN) more. Both are
    /// counted at their peaks.
    #[must_use]
    pub fn with_space_amplification(mut self, most: u32) -> Self {
        self.space_amplification = Some(most);
        self
    }

    /// Says that the store holds less than the contract allows.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Whether acknowledged writes outlive the process, and a power cut where the disk keeps what is
    /// synced, unless the store was opened so that it syncs later.
    #[must_use]
    pub fn durable(self) -> bool {
        self.durable
    }

    /// Whether `Store::snapshot` and every method of `Snapshot` and of the blocks it lends take no
    /// lock and, after a thread's first read, allocate nothing. The first read of a thread may
    /// allocate what the store keeps for that thread.
    #[must_use]
    pub fn wait_free_reads(self) -> bool {
        self.wait_free_reads
    }

    /// How many times the memory of a new store with the same records a store takes at most, while no
    /// snapshot is held and no field is being added, beside [`SPACE_BYTES_MIN`](Self::SPACE_BYTES_MIN);
    /// `None` where it may keep what no reader can see any more.
    #[must_use]
    pub fn space_amplification(self) -> Option<u32> {
        self.space_amplification
    }

    /// What the store can hold.
    #[must_use]
    pub fn limits(self) -> Limits {
        self.limits
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promised = [(self.durable, "durable"), (self.wait_free_reads, "wait_free_reads")];
        let names = promised.iter().filter(|(promised, _)| *promised).map(|(_, name)| name);
        f.debug_set().entries(names).finish()?;
        if let Some(most) = self.space_amplification {
            write!(f, " with a space amplification of {most}")?;
        }
        match self.limits == Limits::default() {
            true => Ok(()),
            false => write!(f, " within {:?}", self.limits),
        }
    }
}

/// What a store can hold, at most what the contract allows ([`limits`](crate::limits)). The default
/// is all of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Limits {
    fields: usize,
    /// By element, in the order of [`Element::ALL`].
    dims: [usize; Element::ALL.len()],
    sparse_terms: usize,
    payload_bytes: usize,
    computed: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fields: FIELDS_MAX,
            dims: [DIM_MAX; Element::ALL.len()],
            sparse_terms: SPARSE_TERMS_MAX,
            payload_bytes: PAYLOAD_BYTES_MAX,
            computed: true,
        }
    }
}

impl Limits {
    /// Lowers the number of fields in a schema.
    #[must_use]
    pub fn with_fields(mut self, most: usize) -> Self {
        self.fields = self.fields.min(most);
        self
    }

    /// Lowers the dimension of dense vectors of this element; 0 for a store that holds none.
    #[must_use]
    pub fn with_dim(mut self, element: Element, most: usize) -> Self {
        let dim = &mut self.dims[element as usize];
        *dim = (*dim).min(most);
        self
    }

    /// Lowers the number of terms in a sparse vector; 0 for a store that holds none.
    #[must_use]
    pub fn with_sparse_terms(mut self, most: usize) -> Self {
        self.sparse_terms = self.sparse_terms.min(most);
        self
    }

    /// Lowers the size of a payload, in bytes.
    #[must_use]
    pub fn with_payload_bytes(mut self, most: usize) -> Self {
        self.payload_bytes = self.payload_bytes.min(most);
        self
    }

    /// For a store that doesn't keep computed columns.
    #[must_use]
    pub fn without_computed(mut self) -> Self {
        self.computed = false;
        self
    }

    /// The most fields in a schema.
    #[must_use]
    pub fn fields(self) -> usize {
        self.fields
    }

    /// Whether the store keeps computed columns.
    #[must_use]
    pub fn computed(self) -> bool {
        self.computed
    }

    /// The largest dimension of dense vectors of this element; 0 when the store holds none.
    #[must_use]
    pub fn dim(self, element: Element) -> usize {
        self.dims[element as usize]
    }

    /// The most terms in a sparse vector; 0 when the store holds none.
    #[must_use]
    pub fn sparse_terms(self) -> usize {
        self.sparse_terms
    }

    /// The largest payload, in bytes.
    #[must_use]
    pub fn payload_bytes(self) -> usize {
        self.payload_bytes
    }

    /// Checks that a store within these limits can hold the fields of `schema`. Where a store is
    /// made, this comes first.
    ///
    /// # Errors
    /// [`ErrorKind::NotSupported`], naming the field.
    pub fn check(self, schema: &Schema) -> Result<()> {
        let refused = |message: &'static str| Error::new(ErrorKind::NotSupported, message);
        if schema.fields().len() > self.fields {
            return Err(refused("the store can't hold so many fields")
                .expected(format_args!("at most {}", self.fields))
                .found(schema.fields().len()));
        }
        for field in schema.fields() {
            let is_held = match field.kind() {
                FieldKind::Dense { dim, element, .. } => dim <= self.dim(element),
                FieldKind::Sparse { .. } => self.sparse_terms > 0,
                FieldKind::Computed(_) => self.computed,
            };
            if !is_held {
                return Err(refused("the store can't hold such a field")
                    .with_field(field.name())
                    .found(field.kind()));
            }
        }
        Ok(())
    }

    /// The schema with one more field at the end, of a store within these limits. Where a store adds
    /// a field, this comes first. O(fields).
    ///
    /// # Errors
    /// Those of [`Schema::with_field`] and of [`check`](Self::check).
    pub fn add_field(self, schema: &Schema, field: Field) -> Result<Schema> {
        let grown = schema.with_field(field)?;
        self.check(&grown).map_err(|error| error.during("add_field"))?;
        Ok(grown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Metric;

    #[test]
    fn limits_only_sink() {
        let limits = Limits::default().with_fields(3).with_fields(9).with_sparse_terms(5);
        assert_eq!((limits.fields(), limits.sparse_terms()), (3, 5));
        let limits = limits.with_dim(Element::I8, 7).with_dim(Element::I8, DIM_MAX + 1);
        assert_eq!((limits.dim(Element::I8), limits.dim(Element::F32)), (7, DIM_MAX));
        assert_eq!(limits.with_payload_bytes(1).payload_bytes(), 1);
    }

    #[test]
    fn a_schema_beyond_the_limits_is_not_supported() {
        let limits = Limits::default().with_fields(1).with_dim(Element::I8, 2).with_sparse_terms(0);
        let bytes = |dim| Schema::builder().dense("bytes", dim, Metric::Dot).element(Element::I8);
        limits.check(&bytes(2).build().unwrap()).unwrap();
        for beyond in [
            bytes(3),
            bytes(2).dense("b", 1, Metric::Dot),
            Schema::builder().sparse("terms", Metric::Dot),
        ] {
            let error = limits.check(&beyond.build().unwrap()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotSupported);
        }
    }

    #[test]
    fn a_field_is_added_within_the_limits() {
        let limits = Limits::default().with_fields(2).with_sparse_terms(0);
        let schema = Schema::new(2, Metric::Dot).unwrap();
        let add = |schema: &Schema, name: &str, kind| {
            limits.add_field(schema, Field::new(name, kind).unwrap())
        };
        let dense = FieldKind::Dense { dim: 3, metric: Metric::Dot, element: Element::I8 };
        let grown = add(&schema, "bytes", dense).unwrap();
        assert_eq!(grown.fields()[..1], *schema.fields());
        let refused = |schema, name, kind| add(schema, name, kind).unwrap_err().kind();
        assert_eq!(refused(&grown, "bytes", dense), ErrorKind::AlreadyExists);
        assert_eq!(refused(&grown, "more", dense), ErrorKind::NotSupported);
        let sparse = FieldKind::Sparse { metric: Metric::Dot };
        assert_eq!(refused(&schema, "terms", sparse), ErrorKind::NotSupported);
    }
}
