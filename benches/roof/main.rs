//! How near to the machine's roof a search runs: bytes per second against what the machine reads,
//! floating-point operations per second against its peak of multiply-adds, kernel by kernel.
//!
//! And the certified scan beside the plain one.
//!
//! Everything of a line is measured interleaved, in one run; medians are printed. It judges nothing:
//! where one kernel stands in for another is written in `iqdb-search/src/kernel/engine.rs`.
#![allow(missing_docs, clippy::expect_used, clippy::print_stdout)]

mod contest;
mod machine;
mod matrix;
mod plans;
mod record;

use iqdb_core::{Explain, Hits, Metric, Query, Scratch, Search, VectorRef};
use iqdb_search::{ExactSearch, Kernel};

use crate::contest::Contest;
use crate::matrix::Matrix;
use crate::plans::Data;
use crate::record::{Line, Record, Threads};

const DIMS: [usize; 9] = [16, 32, 64, 128, 256, 384, 768, 1_536, 3_072];

/// Bytes of rows: in a core's own cache, and far more than any cache.
const PLACES: [(&str, usize); 2] = [("cached", 256 << 10), ("memory", 256 << 20)];

/// Queries at a time: alone, and enough to fill panels many times over.
const BATCHES: [usize; 2] = [1, 192];

/// Bytes of rows of this dimension that one query shares out to two threads, to see from where on
/// that pays.
const THREAD_BYTES: [usize; 7] =
    [64 << 10, 256 << 10, 512 << 10, 1 << 20, 4 << 20, 16 << 20, 256 << 20];
const THREAD_DIM: usize = 128;

/// Dimensions in which the certified scan is compared with the plain one.
const PLAN_DIMS: [usize; 4] = [32, 128, 768, 3_072];

/// Bytes that a batch looks at, so that a round takes no longer than a single query's.
const BATCH_BYTES: usize = 16 << 20;

fn main() -> std::io::Result<()> {
    let options = record::Options::parse(std::env::args().skip(1));
    let kernels: Vec<Kernel> = Kernel::ALL
        .into_iter()
        .filter(|kernel| kernel.is_available() && *kernel != Kernel::Reference)
        .collect();
    let mut lines = Vec::new();
    for batch in BATCHES {
        for metric in Metric::OF_NUMBERS {
            for (place, bytes) in PLACES {
                for dim in DIMS.into_iter().filter(|dim| options.wants(*dim)) {
                    let bytes = if batch > 1 { bytes.min(BATCH_BYTES) } else { bytes };
                    let line = measure(&kernels, metric, place, dim, bytes, batch, options.rounds);
                    println!("{line}");
                    lines.push(line);
                }
            }
        }
    }
    let mut threads = Vec::new();
    for bytes in THREAD_BYTES.into_iter().filter(|_| options.wants(THREAD_DIM)) {
        let line = share(bytes, options.rounds);
        println!("{line}");
        threads.push(line);
    }
    let mut compared = Vec::new();
    for data in Data::ALL {
        for metric in [Metric::Cosine, Metric::Euclidean] {
            for dim in PLAN_DIMS.into_iter().filter(|dim| options.wants(*dim)) {
                let plans = plans::measure(data, metric, dim, options.rounds);
                println!("{plans}");
                compared.push(plans);
            }
        }
    }
    Record::new(&options, lines, threads, compared).write()
}

/// One query on one thread and on two, over `bytes` bytes of rows.
fn share(bytes: usize, rounds: usize) -> Threads {
    let matrix = Matrix::new(Metric::Cosine, THREAD_DIM, bytes);
    let vector = matrix::vectors(1, THREAD_DIM);
    let query = Query::nearest(VectorRef::new(&vector).expect("a vector"), 10);
    let search = ExactSearch::new();
    let repeats = (BATCH_BYTES / bytes).max(1);
    let mut contest = Contest::default();
    for threads in [1, 2] {
        let (matrix, search, mut hits) = (&matrix, &search, [Hits::new()]);
        let mut scratch = Scratch::new();
        contest.enter(if threads == 1 { "one" } else { "two" }, repeats as f64, move || {
            for _ in 0..repeats {
                search
                    .search(matrix, &[query.with_threads(threads)], &mut hits, &mut scratch)
                    .expect("an answer");
            }
        });
    }
    Threads::new(bytes, &contest.run(rounds))
}

/// All kernels against each other and the machine, on one matrix.
fn measure(
    kernels: &[Kernel],
    metric: Metric,
    place: &'static str,
    dim: usize,
    bytes: usize,
    batch: usize,
    rounds: usize,
) -> Line {
    let matrix = Matrix::new(metric, dim, bytes);
    let vectors = matrix::vectors(batch, dim);
    // Nothing is as near as this, so that what is measured is the looking and not the finding.
    let nearest = match metric {
        Metric::Dot => -1e9,
        Metric::Cosine => -1.0,
        _ => 0.0,
    };
    let queries: Vec<Query<'_>> = vectors
        .chunks(dim)
        .map(|vector| Query::within(VectorRef::new(vector).expect("a vector"), nearest, 1))
        .collect();

    let mut contest = Contest::default();
    // As many searches as read some megabytes, so that a clock can tell.
    let repeats = (BATCH_BYTES / bytes / batch).max(1);
    let read_bytes = matrix.bytes() * repeats;
    contest.enter("read", read_bytes as f64, || {
        (0..repeats).for_each(|_| matrix.components().for_each(machine::read));
    });
    let flops = machine::FLOPS as f64;
    contest.enter("fma", flops, machine::multiply_adds);
    for kernel in kernels {
        let search = ExactSearch::new().with_kernel(*kernel);
        let mut hits: Vec<Hits> = queries.iter().map(|_| Hits::new()).collect();
        let (matrix, queries, mut scratch) = (&matrix, &queries, Scratch::new());
        let amount = match batch {
            1 => read_bytes as f64,
            _ => (2 * matrix.elements() * queries.len() * repeats) as f64,
        };
        contest.enter(kernel.as_str(), amount, move || {
            for _ in 0..repeats {
                let explain: Explain =
                    search.search(matrix, queries, &mut hits, &mut scratch).expect("an answer");
                assert_eq!(explain.rescored, 0, "nothing is that near");
            }
        });
    }
    Line::new(metric, place, dim, batch, &contest.run(rounds))
}
