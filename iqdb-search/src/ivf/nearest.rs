//! A short list of the nearest, in order.

/// Numbered things, nearest first: as many as the list was made for. O(length) to insert.
#[derive(Debug, Clone, Default)]
pub(super) struct Nearest {
    list: Vec<(f32, u32)>,
    limit: usize,
}

impl Nearest {
    /// Forgets what it holds, and collects this many from here on.
    pub(super) fn reset(&mut self, limit: usize) {
        self.list.clear();
        self.limit = limit.max(1);
        self.list.reserve(self.limit);
    }

    /// What is not nearer than this is not inserted.
    #[inline]
    pub(super) fn threshold(&self) -> f32 {
        self.threshold_of(self.limit)
    }

    /// The distance of number `count`, counted from 1; infinite while there are fewer.
    #[inline]
    pub(super) fn threshold_of(&self, count: usize) -> f32 {
        self.list.get(count - 1).map_or(f32::INFINITY, |(distance, _)| *distance)
    }

    /// Inserts behind what is as near.
    #[inline]
    pub(super) fn insert(&mut self, distance: f32, number: u32) {
        if self.list.len() == self.limit {
            if distance >= self.threshold() {
                return;
            }
            self.list.pop();
        }
        let mut at = self.list.len();
        while at > 0 && self.list[at - 1].0 > distance {
            at -= 1;
        }
        self.list.insert(at, (distance, number));
    }

    pub(super) fn as_slice(&self) -> &[(f32, u32)] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_stay_in_order_and_the_first_of_equals_stays_first() {
        let mut nearest = Nearest::default();
        nearest.reset(3);
        assert_eq!(nearest.threshold(), f32::INFINITY);
        for (number, distance) in (0..).zip([5.0, 2.0, 9.0, 2.0, 7.0, 1.0, 2.0]) {
            nearest.insert(distance, number);
        }
        assert_eq!(nearest.as_slice(), [(1.0, 5), (2.0, 1), (2.0, 3)]);
        assert_eq!((nearest.threshold_of(1), nearest.threshold_of(4)), (1.0, f32::INFINITY));
    }
}
