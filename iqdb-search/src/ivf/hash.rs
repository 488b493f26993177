//! A hash of 128 bits, of what decides answers: an index's epoch.

/// Mixes words. Not for keys that an adversary chooses.
#[derive(Debug, Clone)]
pub(super) struct Mixer([u64; 2]);

const ODD: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];

impl Mixer {
    pub(super) fn new() -> Self {
        Self(ODD)
    }

    pub(super) fn add(&mut self, word: u64) {
        let [a, b] = self.0;
        self.0 = [
            (a ^ word).wrapping_mul(ODD[0]).rotate_left(29),
            (b ^ word).wrapping_mul(ODD[1]).rotate_left(43) ^ a,
        ];
    }

    pub(super) fn add_bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.add(u64::from_le_bytes(*word)));
        rest.iter().for_each(|byte| self.add(u64::from(*byte)));
        self.add(bytes.len() as u64);
    }

    pub(super) fn finish(mut self) -> u128 {
        self.add(ODD[0]);
        self.add(ODD[1]);
        u128::from(self.0[0]) << 64 | u128::from(self.0[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bit_more_or_less_makes_another_hash() {
        let of = |bytes: &[u8]| {
            let mut hash = Mixer::new();
            hash.add_bytes(bytes);
            hash.finish()
        };
        let mut bytes = [7_u8; 19];
        let mut seen = vec![of(&bytes), of(&bytes[..18])];
        for bit in 0..8 * bytes.len() {
            bytes[bit / 8] ^= 1 << (bit % 8);
            seen.push(of(&bytes));
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        let count = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), count);
        assert_eq!(of(&bytes), of(&bytes));
    }
}
