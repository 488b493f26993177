//! A search over `f16`, `bf16` and `i8` gives the answer of the definition, whatever kernel scores
//! rows, however many queries come at once, and whichever rows a filter leaves.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use iqdb_core::{
    Batch, Change, Element, FieldKind, Filter, Hits, IdRef, Metric, Plan, Query, Record, Schema,
    Scratch, Search, Snapshot, Store, StoreExt, Vector, bf16, f16,
};
use iqdb_memory::MemoryStore;
use iqdb_search::{ExactSearch, Kernel};

const ROWS: u64 = 1_500;
const QUERIES: usize = 33;
const ELEMENTS: [Element; 3] = [Element::F16, Element::BF16, Element::I8];

/// The id and the bits of the distance of each hit.
type Answer = Vec<(u64, u64)>;

/// A vector with ties, and in one row of ten the extreme values of the element: products of large
/// `bf16` overflow in `f32`, those of small ones vanish.
fn some_vector(random: &mut fastrand::Rng, element: Element, dim: usize) -> Vector {
    let scale = match random.u8(0..30) {
        0 => 1e38,
        1 => 6e4,
        2 => 1e-7,
        _ => 1.0,
    };
    let component = |random: &mut fastrand::Rng| match random.bool() {
        true => f32::from(random.u8(1..4)) * scale,
        false => (random.f32() - 0.4) * scale,
    };
    let mut floats = || -> Vec<f32> { (0..dim).map(|_| component(random)).collect() };
    match element {
        Element::F16 => {
            let halves = floats().into_iter().map(|x| f16::from_f32(x.clamp(-65_504.0, 65_504.0)));
            halves.collect::<Vec<_>>().try_into()
        }
        Element::BF16 => floats().into_iter().map(bf16::from_f32).collect::<Vec<_>>().try_into(),
        _ => (0..dim)
            .map(|_| match random.u8(0..10) {
                0 => i8::MIN,
                1 => i8::MAX,
                _ => random.i8(-9..=9),
            })
            .collect::<Vec<_>>()
            .try_into(),
    }
    .unwrap()
}

/// One that the field takes: not of zeros alone, where the metric needs a direction.
fn vector(random: &mut fastrand::Rng, kind: FieldKind) -> Vector {
    let (element, dim) = (kind.element().unwrap(), kind.dim().unwrap());
    loop {
        let vector = some_vector(random, element, dim);
        if kind.check_vector(vector.as_ref()).is_ok() {
            return vector;
        }
    }
}

struct Workload {
    kind: FieldKind,
    vectors: Vec<Vector>,
    snapshot: Arc<dyn Snapshot>,
    queries: Vec<Vector>,
    filter: Filter,
}

impl Workload {
    fn new(element: Element, metric: Metric, dim: usize) -> Self {
        let random = &mut fastrand::Rng::with_seed(dim as u64);
        let schema = Schema::builder().dense("vector", dim, metric).element(element).build();
        let schema = schema.unwrap();
        let kind = schema.fields()[0].kind();
        let vectors: Vec<_> = (0..ROWS).map(|_| vector(random, kind)).collect();
        let store = MemoryStore::new(schema);
        let batch: Batch = (0..ROWS)
            .zip(&vectors)
            .map(|(n, vector)| {
                Change::Upsert(
                    Record::new(n, vector.clone()).unwrap().with("n", (n % 7).cast_signed()),
                )
            })
            .collect();
        store.apply(&batch).unwrap();
        let queries = (0..QUERIES).map(|_| vector(random, kind)).collect();
        let (snapshot, filter) =
            (store.snapshot().unwrap(), "n < 4 and not n = 2".parse().unwrap());
        Self { kind, vectors, snapshot, queries, filter }
    }

    /// Every third query wants only rows that match the filter, which lie apart.
    fn is_filtered(number: usize) -> bool {
        number.is_multiple_of(3)
    }

    fn by_definition(&self, number: usize) -> Answer {
        let query = self.queries[number].as_ref();
        let wanted = |n: &u64| !Self::is_filtered(number) || [0, 1, 3].contains(&(n % 7));
        let distance = |n: u64| {
            let row = self.vectors[usize::try_from(n).unwrap()].as_ref();
            (self.kind.distance(query, row).unwrap().unwrap(), n)
        };
        let mut all: Vec<_> = (0..ROWS).filter(wanted).map(distance).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all.into_iter().take(10).map(|(distance, n)| (n, distance.to_bits())).collect()
    }

    fn answers(&self, search: &ExactSearch, together: usize) -> Vec<Answer> {
        let (mut answers, mut scratch) = (Vec::new(), Scratch::new());
        let queries: Vec<_> = (self.queries.iter().enumerate())
            .map(|(n, vector)| {
                let query = Query::nearest(vector.as_ref(), 10).with_plan(Plan::F32);
                if Self::is_filtered(n) { query.with_filter(&self.filter) } else { query }
            })
            .collect();
        for queries in queries.chunks(together) {
            let mut hits = vec![Hits::new(); queries.len()];
            search.search(&*self.snapshot, queries, &mut hits, &mut scratch).unwrap();
            answers.extend(hits.iter().map(|hits| {
                let number = |id| if let IdRef::Number(n) = id { n } else { panic!("{id:?}") };
                hits.iter().map(|hit| (number(hit.id), hit.distance.to_bits())).collect::<Answer>()
            }));
        }
        answers
    }
}

#[test]
fn every_kernel_gives_the_answer_of_the_definition() {
    for (element, metric) in
        ELEMENTS.into_iter().flat_map(|element| Metric::OF_NUMBERS.map(|metric| (element, metric)))
    {
        for dim in [1, 24, 71] {
            let workload = Workload::new(element, metric, dim);
            let expected: Vec<_> = (0..QUERIES).map(|n| workload.by_definition(n)).collect();
            for kernel in Kernel::ALL.into_iter().filter(|kernel| kernel.is_available()) {
                let search = ExactSearch::new().with_kernel(kernel);
                for together in [1, 3, QUERIES] {
                    let answers = workload.answers(&search, together);
                    assert_eq!(answers.len(), expected.len());
                    for (n, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
                        let of = format!("query {n} of {together}, {element} {metric}, dim {dim}");
                        assert_eq!(answer, expected, "{of}, by {kernel}");
                    }
                }
            }
        }
    }
}
