//! Records to test with: ids of all kinds, vectors that tie and vectors that overflow, payloads
//! of every shape. The same seed gives the same records.

use fastrand::Rng;
use iqdb_core::{Payload, Record, RecordId, Result, Schema, Uuid, Value, Vector};

/// The distribution that the components of a vector are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Distribution {
    /// `-1`, `0` and `1`: many vectors are the same, and many distances tie.
    Lattice,
    /// Uniform from -1 to 1.
    Smooth,
    /// Huge, tiny, subnormal, both zeros.
    Extreme,
}

impl Distribution {
    pub(crate) const ALL: [Self; 3] = [Self::Lattice, Self::Smooth, Self::Extreme];
}

const EXTREMES: [f32; 14] = [
    f32::MAX,
    f32::MIN,
    3e38,
    -3e38,
    1e30,
    -1e19,
    1.0,
    0.0,
    -0.0,
    1e-20,
    -1e-30,
    f32::MIN_POSITIVE,
    f32::from_bits(1),
    -f32::from_bits(0x007f_ffff),
];

/// A vector that the schema accepts.
pub(crate) fn vector(rng: &mut Rng, schema: &Schema, distribution: Distribution) -> Result<Vector> {
    let mut components: Vec<f32> = (0..schema.dim())
        .map(|_| match distribution {
            Distribution::Lattice => f32::from(rng.i8(-1..=1)),
            Distribution::Smooth => rng.f32() * 2.0 - 1.0,
            Distribution::Extreme => EXTREMES[rng.usize(..EXTREMES.len())],
        })
        .collect();
    if components.iter().all(|component| *component == 0.0) && schema.metric().needs_direction() {
        components[0] = 1.0;
    }
    Vector::try_from(components)
}

/// Id number `n` of an endless sequence that cycles through the kinds of ids. The number, the text
/// and the UUID with the same `n / 4` print alike.
pub(crate) fn id(n: u64) -> RecordId {
    let m = n / 4;
    match n % 4 {
        0 => m.into(),
        1 => m.to_string().into(),
        2 => Uuid::from_u128(m.into()).into(),
        _ => Uuid::from_u128(m.into()).to_string().into(),
    }
}

/// A payload with at most four fields, those that [`filters`](crate::generate::filters) test. The
/// field `x` has values of every kind, and each field is absent from some payloads.
pub(crate) fn payload(rng: &mut Rng) -> Payload {
    let mut payload = Payload::new();
    if rng.u8(..4) > 0 {
        payload.insert("lang", ["en", "eng", "de", ""][rng.usize(..4)]);
    }
    if rng.u8(..4) > 0 {
        payload.insert("year", i64::from(rng.u8(..4)) + 2020);
    }
    if rng.bool() {
        let tags: Vec<&str> = ["a", "b", "draft"].into_iter().filter(|_| rng.bool()).collect();
        payload.insert("tags", tags);
    }
    if rng.bool() {
        payload.insert("x", any_value(rng));
    }
    payload
}

fn any_value(rng: &mut Rng) -> Value {
    match rng.u8(..12) {
        0 => Value::Null,
        1 => true.into(),
        2 => false.into(),
        3 => 1.into(),
        4 => 1.0.into(),
        5 => (-0.0).into(),
        6 => 0.5.into(),
        7 => 9_007_199_254_740_993_i64.into(),
        8 => 9_007_199_254_740_992.0.into(),
        9 => "1".into(),
        10 => Value::List(vec![1.into(), 1.0.into(), Value::Null, "1".into(), (-0.0).into()]),
        _ => Value::List(Vec::new()),
    }
}

/// Records with ids number `0..count`, in a scrambled order.
pub(crate) fn records(
    schema: &Schema,
    count: u64,
    distribution: Distribution,
    seed: u64,
) -> Result<Vec<Record>> {
    let mut rng = Rng::with_seed(seed);
    let mut ids: Vec<u64> = (0..count).collect();
    rng.shuffle(&mut ids);
    ids.into_iter()
        .map(|n| {
            let vector = vector(&mut rng, schema, distribution)?;
            Ok(Record::new(id(n), vector)?.with_payload(payload(&mut rng)))
        })
        .collect()
}
