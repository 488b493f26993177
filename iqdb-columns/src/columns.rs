//! The payloads of a number of rows, key by key.

use iqdb_core::{Narrow, Path, PayloadColumns, Predicate, Result, ValueRef};

use crate::invalid::{Invalid, KEYS_MAX};
use crate::key_column::KeyColumn;

/// The payloads of a number of rows, key by key, in the order of the keys' names. Immutable.
///
/// ```
/// use iqdb_columns::{Columns, KeyColumn};
/// use iqdb_core::{Payload, PayloadRef};
///
/// let payloads = [Payload::new().with("lang", "en"), Payload::new(), Payload::new().with("n", 7)];
/// let columns = Columns::from_payloads(&payloads).ok_or("too many keys")?;
/// assert_eq!(PayloadRef::of_row(&columns, 2).to_payload()?, payloads[2]);
/// assert_eq!(columns.keys().iter().map(KeyColumn::name).collect::<Vec<_>>(), ["lang", "n"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Columns {
    keys: Vec<KeyColumn>,
}

impl Columns {
    #[inline]
    fn key_named(&self, name: &str) -> Option<&KeyColumn> {
        let n = self.keys.binary_search_by(|key| key.name().cmp(name)).ok()?;
        self.keys.get(n)
    }

    /// The keys that a row has, with their values, in the order of the names. Yields nothing for a
    /// row beyond the last. O(keys of all rows).
    #[inline]
    pub fn row(&self, row: usize) -> impl Iterator<Item = (&str, ValueRef<'_>)> {
        self.keys.iter().filter_map(move |key| Some((key.name(), key.value_in(row)?)))
    }

    /// Narrows `mask` to the rows that match `leaf` and returns true. Returns false, and leaves the mask
    /// alone, for a condition on ids, and where evaluating it row by row is at least as fast.
    /// Allocates nothing. O(rows), and O(log values) or O(values) of the key. The contract is that of [`BlockSource::matching`](iqdb_core::BlockSource::matching).
    pub fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> bool {
        let Some(Ok(key)) = leaf.path().map(Path::first_key) else {
            return false;
        };
        match self.key_named(key) {
            Some(key) => key.select(leaf, mask),
            None => {
                // An absent key makes every condition on it false.
                mask.retain_words(|_, _| 0);
                true
            }
        }
    }
}

impl Columns {
    /// Columns of `rows` rows. O(keys).
    ///
    /// # Errors
    /// [`Invalid::Keys`] when there are more than [`KEYS_MAX`]; [`Invalid::Name`] when a name doesn't
    /// come after the one before it; [`Invalid::Rows`] when a key has more or fewer rows.
    pub fn new(rows: usize, keys: Vec<KeyColumn>) -> Result<Self, Invalid> {
        if keys.len() > KEYS_MAX {
            Err(Invalid::Keys)
        } else if keys.windows(2).any(|pair| pair[0].name() >= pair[1].name()) {
            Err(Invalid::Name)
        } else if keys.iter().any(|key| key.codes().len() != rows) {
            Err(Invalid::Rows)
        } else {
            Ok(Self { keys })
        }
    }

    /// The keys in the order of their names.
    #[must_use]
    pub fn keys(&self) -> &[KeyColumn] {
        &self.keys
    }
}

impl PayloadColumns for Columns {
    /// O(keys).
    fn entry_at(&self, row: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
        Ok(self.row(row).nth(n))
    }

    /// O(log keys).
    fn get(&self, row: usize, key: &str) -> Result<Option<ValueRef<'_>>> {
        Ok(self.key_named(key).and_then(|key| key.value_in(row)))
    }
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.iter().map(KeyColumn::name)).finish()
    }
}
