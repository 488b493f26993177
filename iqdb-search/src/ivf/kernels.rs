//! The kernels that an index computes with.

use crate::kernel::{FourBitKernel, Isa, Kernel, LaneKernel, OneBitKernel};

/// The kernels of one instruction set. They differ in speed only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernels {
    pub(super) lanes: LaneKernel,
    pub(super) one_bit: OneBitKernel,
    pub(super) four_bit: FourBitKernel,
    name: &'static str,
}

impl Kernels {
    /// The kernels of a caller's choice; where it names no instruction set, the widest.
    pub(crate) fn of(kernel: Kernel) -> Self {
        let isa = match kernel {
            Kernel::Auto | Kernel::Simsimd => Isa::widest(),
            Kernel::Reference => Isa::Portable,
            kernel => kernel.isa().unwrap_or(Isa::Portable),
        };
        let sets = [isa];
        Self {
            lanes: LaneKernel::first_of(&sets),
            one_bit: OneBitKernel::first_of(&sets),
            four_bit: FourBitKernel::first_of(&sets),
            name: Kernel::of(isa).as_str(),
        }
    }

    /// The name of the kernels, for `Explain`.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }
}
