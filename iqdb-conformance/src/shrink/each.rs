//! Lists in simpler forms, handed on one at a time: no two of them are in memory at once.

use std::ops::{ControlFlow, Range};

/// Takes one simpler form after the other, until it breaks.
pub(super) type Each<'a, T> = &'a mut dyn FnMut(T) -> ControlFlow<()>;

/// The runs to cut out of a list, from halves of it down to single elements. From the end: what
/// comes last depends on the rest, and nothing on it.
pub(super) fn cuts(len: usize) -> impl Iterator<Item = Range<usize>> {
    let halved = |size: &usize| (*size > 1).then(|| size.div_ceil(2));
    let sizes = std::iter::successors((len > 0).then(|| len.div_ceil(2)), halved);
    sizes.flat_map(move |size| {
        let ends = std::iter::successors(Some(len), move |end| end.checked_sub(size));
        ends.filter(|end| *end > 0).map(move |end| end.saturating_sub(size)..end)
    })
}

/// The list without each run of its elements, and then with each element made simpler.
pub(super) fn lists<T: Clone>(
    list: &[T],
    simpler: impl Fn(&T, Each<'_, T>) -> ControlFlow<()>,
    each: Each<'_, Vec<T>>,
) -> ControlFlow<()> {
    for gone in cuts(list.len()) {
        each([&list[..gone.start], &list[gone.end..]].concat())?;
    }
    for (at, element) in list.iter().enumerate() {
        simpler(element, &mut |simpler| {
            let mut list = list.to_vec();
            list[at] = simpler;
            each(list)
        })?;
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_go_from_halves_to_single_elements() {
        let of = |len| cuts(len).map(|run| (run.start, run.end)).collect::<Vec<_>>();
        assert_eq!(of(0), []);
        assert_eq!(of(1), [(0, 1)]);
        assert_eq!(of(2), [(1, 2), (0, 1)]);
        let all = [(2, 5), (0, 2), (3, 5), (1, 3), (0, 1), (4, 5), (3, 4), (2, 3), (1, 2), (0, 1)];
        assert_eq!(of(5), all);
    }
}
