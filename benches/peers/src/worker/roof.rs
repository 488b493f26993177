//! What the machine can do at most: reading memory, copying it, multiplying and adding.
//!
//! Plain loops over wide registers. It is measured in turns with the engines, on as many bytes as
//! the set has, so that a share of it means something on a machine that is shared or throttled.

use std::hint::black_box;
use std::time::Instant;

use memmap2::MmapMut;

use super::nanoseconds;
use crate::Result;
use crate::protocol::Answer;

/// The memory to read, kept between calls: on small pages, and on huge ones where the system has
/// them for a process that asks.
#[derive(Default)]
pub(super) struct Roof {
    pages: Vec<(&'static str, MmapMut)>,
}

impl Roof {
    /// GB/s of one pass over `bytes` bytes, the best of two after one to warm up.
    pub(super) fn read(&mut self, bytes: usize, threads: usize) -> Result<Answer> {
        if self.pages.first().is_none_or(|(_, pages)| pages.len() != bytes) {
            self.pages = vec![
                ("read_gb_per_s", pages(bytes, false)?),
                ("read_huge_gb_per_s", pages(bytes, true)?),
            ];
        }
        let mut answer = Answer::default();
        for (name, pages) in &self.pages {
            let share = (bytes / threads).next_multiple_of(LINE);
            let mut best = u64::MAX;
            for _ in 0..3 {
                let started = Instant::now();
                std::thread::scope(|scope| {
                    let mut parts = pages.chunks(share);
                    let own = parts.next().unwrap_or_default();
                    for part in parts {
                        scope.spawn(|| black_box(read(part)));
                    }
                    black_box(read(own));
                });
                best = best.min(nanoseconds(started));
            }
            answer.numbers.insert((*name).into(), bytes as f64 / best as f64);
        }
        Ok(answer)
    }

    /// GB/s of copying into memory that has been written before, and that has not.
    pub(super) fn copy(&mut self, bytes: usize) -> Result<Answer> {
        let (from, mut to) = (pages(bytes, false)?, pages(bytes, false)?);
        let mut best = u64::MAX;
        for _ in 0..2 {
            let started = Instant::now();
            to.copy_from_slice(black_box(&from));
            black_box(&mut to);
            best = best.min(nanoseconds(started));
        }
        let started = Instant::now();
        black_box(from.to_vec());
        let fresh = nanoseconds(started);
        let mut answer = Answer::default();
        answer.numbers.insert("copy_gb_per_s".into(), bytes as f64 / best as f64);
        answer.numbers.insert("copy_fresh_gb_per_s".into(), bytes as f64 / fresh as f64);
        Ok(answer)
    }
}

fn pages(bytes: usize, huge: bool) -> Result<MmapMut> {
    let failed =
        |error: std::io::Error| format!("{bytes} bytes of memory are not to be had: {error}");
    let mut pages = MmapMut::map_anon(bytes).map_err(failed)?;
    #[cfg(target_os = "linux")]
    if huge {
        // Advice; where it is not taken, both measure the same.
        let _ = pages.advise(memmap2::Advice::HugePage);
    }
    let _ = huge;
    pages.fill(1);
    Ok(pages)
}

/// Bytes that one step of the reading loop takes.
const LINE: usize = 512;

fn read(bytes: &[u8]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            #[expect(unsafe_code, reason = "the feature was asked for at run time")]
            return unsafe { x86::read_avx512(bytes) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            #[expect(unsafe_code, reason = "the feature was asked for at run time")]
            return unsafe { x86::read_avx2(bytes) };
        }
    }
    read_lines(bytes)
}

/// The bytes as integers, xor-ed in 64 lanes, which no compiler reads less of.
#[inline(always)]
fn read_lines(bytes: &[u8]) -> u64 {
    let mut lanes = [0_u64; LINE / 8];
    for line in bytes.chunks_exact(LINE) {
        for (lane, word) in lanes.iter_mut().zip(line.as_chunks::<8>().0) {
            *lane ^= u64::from_ne_bytes(*word);
        }
    }
    lanes.iter().fold(0, |all, lane| all ^ lane)
}

/// GFLOP/s of all threads together: the best short slice of each, while the others work, too.
pub(super) fn fma(threads: usize) -> Answer {
    const STEPS: usize = 200_000;
    const SLICES: usize = 60;
    let best = || {
        (0..SLICES).fold(0.0, |best: f64, _| {
            let started = Instant::now();
            let flops = multiply_add(STEPS);
            best.max(flops as f64 / nanoseconds(started) as f64)
        })
    };
    let gflop_per_s: f64 = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(best)).collect();
        let own = best();
        own + others.into_iter().filter_map(|other| other.join().ok()).sum::<f64>()
    });
    Answer { numbers: [("fma_gflop_per_s".to_owned(), gflop_per_s)].into(), ..Answer::default() }
}

/// Enough independent sums to fill every pipeline; returns how many operations that was, two per
/// multiplication with addition.
fn multiply_add(steps: usize) -> usize {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            // SAFETY: the processor has AVX-512F.
            #[expect(unsafe_code, reason = "the feature was asked for at run time")]
            return unsafe { x86::fma_avx512(steps) };
        }
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            // SAFETY: the processor has AVX2 and FMA.
            #[expect(unsafe_code, reason = "the features were asked for at run time")]
            return unsafe { x86::fma_avx2(steps) };
        }
    }
    fma_portable(steps)
}

/// Four lanes a time, as NEON has them. Elsewhere it is far below what the machine can do.
#[expect(
    clippy::disallowed_methods,
    reason = "how fast it is, is the question; no distance is computed"
)]
fn fma_portable(steps: usize) -> usize {
    let mut sums = [[0.0_f32; 4]; 20];
    let (a, b) = (black_box([0.999_f32; 4]), black_box([0.001_f32; 4]));
    for _ in 0..steps {
        for sum in &mut sums {
            for lane in 0..4 {
                sum[lane] = sum[lane].mul_add(a[lane], b[lane]);
            }
        }
    }
    black_box(sums);
    steps * 20 * 4 * 2
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    //! The same loops for wider registers.

    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps, _mm512_fmadd_ps, _mm512_set1_ps};
    use std::hint::black_box;

    use super::read_lines;

    #[target_feature(enable = "avx512f")]
    pub(super) fn read_avx512(bytes: &[u8]) -> u64 {
        read_lines(bytes)
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn read_avx2(bytes: &[u8]) -> u64 {
        read_lines(bytes)
    }

    #[target_feature(enable = "avx512f")]
    pub(super) fn fma_avx512(steps: usize) -> usize {
        let (a, b) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(0.001)));
        let mut sums = [b; 24];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, a, b);
            }
        }
        black_box(sums);
        steps * 24 * 16 * 2
    }

    #[target_feature(enable = "avx2,fma")]
    pub(super) fn fma_avx2(steps: usize) -> usize {
        let (a, b) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(0.001)));
        let mut sums = [b; 12];
        for _ in 0..steps {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, a, b);
            }
        }
        black_box(sums);
        steps * 12 * 8 * 2
    }
}
