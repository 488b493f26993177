//! Weights: how likely each choice of one history is.

use fastrand::Rng;

/// How likely each of `N` choices is.
#[derive(Debug)]
pub(crate) struct Weights<const N: usize>([u32; N]);

impl<const N: usize> Weights<N> {
    /// The weights given, about one in four of them struck out. The first always stays.
    pub(crate) fn thinned(rng: &mut Rng, mut weights: [u32; N]) -> Self {
        for weight in &mut weights[1..] {
            if rng.u8(..4) == 0 {
                *weight = 0;
            }
        }
        Self(weights)
    }

    /// The same weights, given to the choices `by` places later.
    pub(crate) fn rotated_right(mut self, by: usize) -> Self {
        self.0.rotate_right(by);
        self
    }

    /// The index of the choice drawn.
    pub(crate) fn choose(&self, rng: &mut Rng) -> usize {
        let mut at = rng.u32(..self.0.iter().sum::<u32>());
        for (choice, weight) in self.0.iter().enumerate() {
            if at < *weight {
                return choice;
            }
            at -= weight;
        }
        0
    }
}
