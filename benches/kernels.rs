//! Kernels by dimension, on rows that stay in the cache: what one row costs.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use data::{store, vectors, verify};
use iqdb_core::{Hits, Metric, Query, Scratch, Search, Store};
use iqdb_search::{ExactSearch, Kernel};

const DIMS: [usize; 9] = [16, 32, 64, 128, 256, 384, 768, 1_536, 3_072];

/// Small enough for a core's own cache at every dimension.
const CACHED_BYTES: usize = 256 * 1_024;

fn kernels(c: &mut Criterion) {
    for metric in Metric::OF_NUMBERS {
        let mut group = c.benchmark_group(format!("kernels/{metric}"));
        for dim in DIMS {
            let rows = CACHED_BYTES / (dim * size_of::<f32>());
            // The last one is the query and not among the rows.
            let mut vectors = vectors(rows + 1, dim);
            let asked = vectors.pop().expect("a vector");
            let snapshot = store(metric, &vectors).snapshot().expect("a snapshot");
            let query = [Query::nearest(asked.as_ref(), 10)];
            group.throughput(Throughput::Bytes((rows * dim * size_of::<f32>()) as u64));
            for kernel in Kernel::ALL {
                let search = ExactSearch::new().with_kernel(kernel);
                verify(&search, &*snapshot, &query);
                let (mut hits, mut scratch) = ([Hits::new()], Scratch::new());
                group.bench_function(BenchmarkId::new(kernel.as_str(), dim), |b| {
                    b.iter(|| {
                        search
                            .search(&*snapshot, &query, &mut hits, &mut scratch)
                            .expect("an answer")
                    });
                });
            }
        }
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
