//! What the kernels need of a SIMD register: the one trait that an instruction set implements.

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

    /// Prefetches the line at `from` into the cache, where there is an instruction for it. Any
    /// address will do.
    unsafe fn prefetch(from: *const f32);

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
