//! Weights: the relative probabilities of the choices within one history.

use fastrand::Rng;

/// The relative probability of each of `N` choices.
#[derive(Debug)]
pub(crate) struct Weights<const N: usize>([u32; N]);

impl<const N: usize> Weights<N> {
    /// The given weights, with about one in four set to 0 (swarm testing). The first is always
    /// kept.
    pub(crate) fn thinned(rng: &mut Rng, mut weights: [u32; N]) -> Self {
        for weight in &mut weights[1..] {
            if rng.u8(..4) == 0 {
                *weight = 0;
            }
        }
        Self(weights)
    }

    /// The weights rotated: each moves to the choice `by` places later.
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
