//! The instruction sets that kernels are written for, and which of them this machine has. Every
//! kernel asks here, and nothing else in this crate asks the processor what it can do.

/// An instruction set. Each has a float kernel and a code kernel; where a set adds nothing to one
/// of them, that kernel is the one of the next narrower set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// AVX-512F, BW and VNNI: as [`Avx512`](Self::Avx512), and 64 products of codes, or look-ups in a
    /// table, in one instruction.
    Avx512Vnni,
    /// AVX-512F, with AVX2 and FMA: 16 lanes of `f32`.
    Avx512,
    /// AVX2, FMA, F16C and `popcnt`: 8 lanes of `f32`.
    Avx2,
    /// NEON of 64-bit Arm: 4 lanes of `f32`.
    Neon,
    /// Plain Rust, for every machine.
    Portable,
}

impl Isa {
    /// From the widest to the narrowest.
    pub(crate) const ALL: [Self; 5] =
        [Self::Avx512Vnni, Self::Avx512, Self::Avx2, Self::Neon, Self::Portable];

    /// Whether this machine has it. Lock-free; the standard library asks the processor once.
    pub(crate) fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => {
                Self::Avx512.is_available()
                    && std::is_x86_feature_detected!("avx512vnni")
                    && std::is_x86_feature_detected!("avx512bw")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_available() && std::is_x86_feature_detected!("avx512f"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                std::is_x86_feature_detected!("avx2")
                    && std::is_x86_feature_detected!("fma")
                    && std::is_x86_feature_detected!("f16c")
                    && std::is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            Self::Portable => true,
            // Those of other architectures.
            _ => false,
        }
    }

    /// The widest that the machine has.
    pub(crate) fn widest() -> Self {
        Self::first_of(&Self::ALL)
    }

    /// The first of these that the machine has; [`Portable`](Self::Portable) if it has none.
    pub(crate) fn first_of(sets: &[Self]) -> Self {
        sets.iter().copied().find(|isa| isa.is_available()).unwrap_or(Self::Portable)
    }
}
