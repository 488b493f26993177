//! What the kernels need of a SIMD register: the trait that an instruction set implements, and how
//! each element fills its registers.

/// A register of [`LEN`](Self::LEN) lanes of `f32`.
///
/// # Safety
/// Every function may be called only where the processor has the instruction set of the type. The
/// two that take a pointer say what it has to point at.
pub(super) trait Register: Copy {
    /// How many lanes; a divisor of 64.
    const LEN: usize;

    /// All lanes 0.
    unsafe fn zero() -> Self;

    /// All lanes `x`.
    unsafe fn splat(x: f32) -> Self;

    /// The `LEN` components at `from`, of any alignment.
    ///
    /// # Safety
    /// They have to be readable.
    unsafe fn load(from: *const f32) -> Self;

    /// The first `n < LEN` components at `from`, then zeros.
    ///
    /// # Safety
    /// The `n` have to be readable. Nothing behind them is read.
    unsafe fn load_first(from: *const f32, n: usize) -> Self;

    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;

    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;

    /// `self * factor + sum`, rounded once or twice.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;

    /// The lanes, from the lowest bit up, that are below those of `cut` and above minus infinity.
    /// A lane that is not a number is neither.
    unsafe fn below(self, cut: Self) -> u64;

    /// The sum of the lanes of each of eight registers, added up in any order.
    unsafe fn sums(of: [Self; 8]) -> [f32; 8];

    /// Writes the lanes to the front of `to`.
    unsafe fn write(self, to: &mut [f32; 16]);
}

/// The most lanes that a register has.
const LANES_MAX: usize = 16;

/// A component that is read from memory as it is, and converted on its way into a register of `f32`.
/// Every lane has exactly the value of its component.
///
/// # Safety
/// As for every function of [`Register`].
pub(crate) trait Load<R>: Copy + Default {
    /// A register of the components at `from`, of any alignment.
    ///
    /// # Safety
    /// As many as the register has lanes have to be readable.
    unsafe fn load(from: *const Self) -> R;

    /// The first `n` components at `from`, fewer than a register has lanes, then zeros.
    ///
    /// # Safety
    /// The `n` have to be readable. Nothing behind them is read.
    #[inline(always)]
    unsafe fn load_first(from: *const Self, n: usize) -> R {
        let mut components = [Self::default(); LANES_MAX];
        // SAFETY: `n` components are readable, as the caller says; the array is on the stack.
        let first = unsafe { std::slice::from_raw_parts(from, n) };
        components[..n].copy_from_slice(first);
        // SAFETY: the caller has the instruction set; the array has at least as many components as
        // a register has lanes.
        unsafe { Self::load(components.as_ptr()) }
    }
}

impl<R: Register> Load<R> for f32 {
    #[inline(always)]
    unsafe fn load(from: *const Self) -> R {
        // SAFETY: as the caller says.
        unsafe { R::load(from) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const Self, n: usize) -> R {
        // SAFETY: as the caller says.
        unsafe { R::load_first(from, n) }
    }
}
