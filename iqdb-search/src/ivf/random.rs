//! Numbers that look random and are the same in every run.

/// `SplitMix64`, by Steele, Lea and Flood.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ x >> 31
    }

    /// Different numbers below `of`, in no order: `count` of them, or all.
    pub(super) fn sample(&mut self, count: usize, of: usize) -> Vec<u32> {
        // There are fewer rows in an index than 32 bits number.
        let mut numbers: Vec<u32> = (0..u32::try_from(of).unwrap_or(u32::MAX)).collect();
        let count = count.min(numbers.len());
        for n in 0..count {
            let rest = (numbers.len() - n) as u64;
            // A remainder is below a length.
            #[allow(clippy::cast_possible_truncation)]
            let other = n + (self.next() % rest) as usize;
            numbers.swap(n, other);
        }
        numbers.truncate(count);
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_different_numbers_and_is_the_same_again() {
        let mut sample = Random::new(1).sample(50, 60);
        assert_eq!(sample, Random::new(1).sample(50, 60));
        assert_ne!(sample, Random::new(2).sample(50, 60));
        sample.sort_unstable();
        sample.dedup();
        assert_eq!(sample.len(), 50);
        assert_eq!(Random::new(1).sample(9, 4).len(), 4);
    }
}
