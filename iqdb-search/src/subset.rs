//! A subset of a batch: some of its queries, answered as a batch of their own into the hits that the caller
//! gave for them.

use iqdb_core::{Hits, Query, Result, Scratch};

/// The working memory of a subset, kept in a [`Scratch`]; empty between two searches.
#[derive(Debug, Default)]
pub(crate) struct Subset {
    numbers: Vec<usize>,
    /// Without an element, so that none outlives its batch.
    queries: Vec<Query<'static>>,
    hits: Vec<Hits>,
}

impl Subset {
    /// Takes the working memory out of its place in the scratch, which `place` finds. A search for a subset
    /// of a subset has another place, or it finds none.
    pub(crate) fn take(place: &mut Self) -> Self {
        let mut subset = std::mem::take(place);
        subset.numbers.clear();
        subset
    }

    /// Adds query number `n` of the batch, behind those before it.
    pub(crate) fn push(&mut self, n: usize) {
        self.numbers.push(n);
    }

    /// How many queries it has.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Lets `search` answer the queries of the subset. Their hits are lent to it and given back, also where it
    /// fails. O(queries of the subset).
    pub(crate) fn answer<T>(
        &mut self,
        (batch, hits): (&[Query<'_>], &mut [Hits]),
        scratch: &mut Scratch,
        search: impl FnOnce(&[Query<'_>], &mut [Hits], &mut Scratch) -> Result<T>,
    ) -> Result<T> {
        let mut queries: Vec<Query<'_>> = std::mem::take(&mut self.queries);
        queries.extend(self.numbers.iter().map(|n| batch[*n]));
        self.hits.extend(self.numbers.iter().map(|n| std::mem::take(&mut hits[*n])));
        let answer = search(&queries, &mut self.hits, scratch);
        for (n, found) in self.numbers.iter().zip(self.hits.drain(..)) {
            hits[*n] = found;
        }
        self.queries = emptied(queries);
        answer
    }
}

/// The list without its queries, for those of any other batch. The standard library collects a list into
/// the memory of the list that it came from, where the elements are as large.
fn emptied(mut queries: Vec<Query<'_>>) -> Vec<Query<'static>> {
    queries.clear();
    queries.into_iter().map_while(|_| None).collect()
}

#[cfg(test)]
mod tests {
    use iqdb_core::{Error, ErrorKind, Goal, VectorRef};

    use super::*;

    #[test]
    fn an_emptied_list_keeps_its_memory() {
        let vector = [1.0];
        let query = Query::nearest(VectorRef::new(&vector).unwrap(), 1);
        let full = vec![query; 10];
        let (at, capacity) = (full.as_ptr().addr(), full.capacity());
        let empty = emptied(full);
        assert_eq!((empty.as_ptr().addr(), empty.capacity(), empty.len()), (at, capacity, 0));
    }

    #[test]
    fn the_hits_are_given_back_where_a_search_fails() {
        let vector = [1.0];
        let batch = [1, 2, 3].map(|k| Query::nearest(VectorRef::new(&vector).unwrap(), k));
        let mut hits = [(); 3].map(|()| Hits::new());
        hits[2].push(iqdb_core::IdRef::Number(7), 0.5, None);
        let (mut place, mut scratch) = (Subset::default(), Scratch::new());
        for _ in 0..2 {
            let mut subset = Subset::take(&mut place);
            subset.push(0);
            subset.push(2);
            let answer: Result<()> =
                subset.answer((&batch, &mut hits), &mut scratch, |queries, hits, _| {
                    assert_eq!(
                        queries.iter().map(Query::goal).collect::<Vec<_>>(),
                        [1, 3].map(|k| Goal::Nearest { k })
                    );
                    assert_eq!(hits.iter().map(Hits::len).collect::<Vec<_>>(), [0, 1]);
                    Err(Error::new(ErrorKind::Cancelled, "planted"))
                });
            assert!(answer.is_err());
            assert_eq!(hits.iter().map(Hits::len).collect::<Vec<_>>(), [0, 0, 1]);
            place = subset;
        }
    }
}
