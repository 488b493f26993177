//! The rows of a block that match a filter; and masks that sealed blocks keep, for the filters that
//! come again.

use std::fmt::Write;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use iqdb_core::filter::MaskPool;
use iqdb_core::{Block, Filter, Result, RowMask, Seal};

/// How many filters a sealed block keeps the mask of: the first that come twice.
const KEPT: usize = 8;

/// How many filters that came once it remembers.
const SEEN: usize = 16;

/// The masks that a sealed block keeps, of len / 8 bytes each. They are over all rows, dead ones
/// too, so they hold for every snapshot.
#[derive(Debug, Default)]
struct Masks {
    kept: [OnceLock<Kept>; KEPT],
    seen: [AtomicU64; SEEN],
}

#[derive(Debug)]
struct Kept {
    fingerprint: u64,
    filter: Filter,
    matching: RowMask,
}

/// The working memory for selecting rows, reused from block to block.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    pool: MaskPool,
}

impl Selector {
    /// Makes `mask` the rows of `range` that are alive and match `filter`, whose
    /// [`fingerprint`] is given.
    ///
    /// # Errors
    /// As [`Block::select_while`].
    pub(crate) fn select(
        &mut self,
        block: &Block<'_>,
        range: Range<usize>,
        filter: Option<(&Filter, u64)>,
        mask: &mut RowMask,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<()> {
        let Some((filter, fingerprint)) = filter else {
            return block.select(range, None, mask, &mut self.pool);
        };
        if let Some(kept) = self.kept(block, filter, fingerprint, go_on)? {
            block.select(range, None, mask, &mut self.pool)?;
            mask.intersect(kept);
            return Ok(());
        }
        block.select_while(range, Some(filter), mask, &mut self.pool, go_on)
    }

    /// The mask that a sealed block keeps of this filter; made now if it comes for the second time
    /// and there is room.
    ///
    /// # Errors
    /// Those of `go_on`.
    fn kept<'a>(
        &mut self,
        block: &Block<'a>,
        filter: &Filter,
        fingerprint: u64,
        go_on: &dyn Fn() -> Result<()>,
    ) -> Result<Option<&'a RowMask>> {
        let Some(derived) = block.seal().map(Seal::derived) else { return Ok(None) };
        let Some(masks) = derived.get::<Masks>().or_else(|| derived.put(Masks::default())) else {
            return Ok(None);
        };
        let found = |kept: &Kept| {
            kept.fingerprint == fingerprint
                && kept.matching.len() == block.len()
                && kept.filter == *filter
        };
        for slot in &masks.kept {
            match slot.get() {
                Some(kept) if found(kept) => return Ok(Some(&kept.matching)),
                Some(_) => {}
                None if masks.comes_again(fingerprint) => {
                    let mut matching = RowMask::new();
                    if block.matching(filter, &mut matching, &mut self.pool, go_on).is_err() {
                        // A row that can't be read may be one that no search asks for.
                        return go_on().map(|()| None);
                    }
                    // Another thread may have taken the slot by now; the next search with this
                    // filter then makes the mask again, for another slot.
                    let _ = slot.set(Kept { fingerprint, filter: filter.clone(), matching });
                    let kept = slot.get().filter(|kept| found(kept));
                    return Ok(kept.map(|kept| &kept.matching));
                }
                None => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Masks {
    /// Whether a search has had this filter before; remembers it if not. Many different ones make each
    /// other forgotten, so a filter that never comes again leaves nothing behind.
    fn comes_again(&self, fingerprint: u64) -> bool {
        // Nothing is published by it: the worst of a race is that a mask is made later. The
        // remainder of a division by a small number is small.
        #[allow(clippy::cast_possible_truncation)]
        let seen = &self.seen[(fingerprint % SEEN as u64) as usize];
        seen.swap(fingerprint, Ordering::Relaxed) == fingerprint
    }
}

/// A number that equal filters share, from their text by FNV-1a; never 0. Allocates nothing.
pub(crate) fn fingerprint(filter: &Filter) -> u64 {
    struct Hash(u64);
    impl Write for Hash {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            for byte in text.bytes() {
                self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
            Ok(())
        }
    }
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    // Hashing can't fail, and so printing can't.
    let _ = write!(hash, "{filter}");
    hash.0.max(1)
}
