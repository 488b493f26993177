//! What a store promises beyond the contract.

use std::fmt;

/// Promises beyond [`Store`](crate::Store)'s contract. What is not promised is never relied upon.
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
}

impl Capabilities {
    /// The contract and nothing more.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Promises that acknowledged writes outlive the process.
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

    /// Whether acknowledged writes outlive the process.
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
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let promised = [(self.durable, "durable"), (self.wait_free_reads, "wait_free_reads")];
        f.debug_set()
            .entries(promised.iter().filter(|(promised, _)| *promised).map(|(_, name)| name))
            .finish()
    }
}
