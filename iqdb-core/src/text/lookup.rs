//! The terms of a query, made ready to be looked for in texts.

/// The different terms of a query's units, and which units each of them is part of.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Lookup {
    /// In the order of their bytes.
    terms: Vec<LookedFor>,
    /// The units of several terms: these, as numbers of `terms`, and the place of the unit.
    phrases: Vec<(Vec<usize>, usize)>,
    /// Which first bytes the terms have.
    firsts: [u64; 4],
}

#[derive(Debug, Clone, PartialEq)]
struct LookedFor {
    term: Box<str>,
    /// The place of the unit that is this term alone.
    unit: Option<usize>,
    is_in_phrase: bool,
}

impl Lookup {
    /// For units of these terms, in order.
    pub(super) fn new<'a>(units: impl Iterator<Item = &'a [Box<str>]> + Clone) -> Self {
        let mut terms: Vec<Box<str>> = units.clone().flatten().cloned().collect();
        terms.sort_unstable();
        terms.dedup();
        let looked_for = |term| LookedFor { term, unit: None, is_in_phrase: false };
        let mut lookup =
            Self { terms: terms.into_iter().map(looked_for).collect(), ..Self::default() };
        for (place, unit) in units.enumerate() {
            let number = |term: &str| lookup.terms.partition_point(|it| &*it.term < term);
            let numbers: Vec<usize> = unit.iter().map(|term| number(term)).collect();
            match numbers.as_slice() {
                [word] => lookup.terms[*word].unit = Some(place),
                _ => {
                    numbers.iter().for_each(|n| lookup.terms[*n].is_in_phrase = true);
                    lookup.phrases.push((numbers, place));
                }
            }
        }
        for LookedFor { term, .. } in &lookup.terms {
            if let Some(first) = term.bytes().next() {
                lookup.firsts[usize::from(first / 64)] |= 1 << (first % 64);
            }
        }
        lookup
    }

    /// The number of a term that is looked for. O(terms), and O(1) for most others.
    #[inline]
    pub(super) fn find(&self, term: &[u8]) -> Option<usize> {
        let first = *term.first()?;
        if self.firsts[usize::from(first / 64)] >> (first % 64) & 1 == 0 {
            return None;
        }
        self.terms.iter().position(|it| it.term.as_bytes() == term)
    }

    /// The place of the unit that is this term alone.
    pub(super) fn unit(&self, number: usize) -> Option<usize> {
        self.terms[number].unit
    }

    /// Whether the term is part of a phrase.
    pub(super) fn is_in_phrase(&self, number: usize) -> bool {
        self.terms[number].is_in_phrase
    }

    /// The phrases: the numbers of their terms, and the places of their units.
    pub(super) fn phrases(&self) -> impl Iterator<Item = (&[usize], usize)> {
        self.phrases.iter().map(|(numbers, place)| (numbers.as_slice(), *place))
    }
}
