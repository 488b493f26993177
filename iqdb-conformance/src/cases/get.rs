//! The results of `Store::get`.

use iqdb_core::limits::ID_BYTES_MAX;
use iqdb_core::{Batch, DateTime, Map, Metric, Record, Result, Schema, Value, VectorRef};

use crate::check::absent_ids;
use crate::check::exact::{assert_record, same_components};
use crate::differential::Differential;
use crate::generate::corpus::{self, Distribution};
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

pub(super) fn get_returns_the_exact_bits(harness: &Harness) -> Result<Outcome> {
    let vectors = [
        [3.0, 4.0, 0.0, -0.0],
        [-0.0, -0.0, -0.0, f32::from_bits(1)],
        [f32::MAX, f32::MIN, f32::MIN_POSITIVE, -f32::MIN_POSITIVE],
        [0.1, -1e-45, f32::from_bits(0x007f_ffff), 1.0 + f32::EPSILON],
        [1e-30, 2e-30, 0.0, -0.0],
    ];
    for metric in Metric::OF_NUMBERS {
        let mut pair = Differential::new(harness, &Schema::new(4, metric)?)?;
        for (n, vector) in (0..).zip(&vectors) {
            let record = Record::new(n, vector)?
                .with("float", -0.0)
                .with("list", vec![Value::from(-0.0), 0.0.into(), f64::from_bits(1).into()])
                .with(
                    "map",
                    Map::new().with("float", -0.0).with("dates", [DateTime::MIN, DateTime::MAX]),
                )
                .with("int", i64::MIN);
            pair.apply(&Batch::new().upsert(record.clone()))?;
            let found = pair.site.get(&n.into())?;
            assert_record(found.as_ref(), Some(&record), format_args!("get under {metric}"));
            let bits_are_kept = found.is_some_and(|found| {
                let found = found.only_vector().ok().and_then(VectorRef::as_f32);
                found.is_some_and(|found| same_components(vector, found))
            });
            assert!(bits_are_kept, "get under {metric}: expected the bits of {vector:?}");
        }
        pair.check()?;
    }
    for metric in Metric::OF_NUMBERS {
        for dim in [1, 2, 7, 8, 9, 17, 100] {
            let schema = Schema::new(dim, metric)?;
            Differential::of(
                harness,
                &schema,
                corpus::records(&schema, 9, Distribution::Extreme, 5)?,
            )?
            .check()?;
        }
    }
    let held = Held::of(harness, shapes::all()?)?;
    for schema in &held.schemas {
        for distribution in Distribution::ALL {
            let records = corpus::records(schema, 30, distribution, 5)?;
            Differential::of(harness, schema, records)?.check()?;
        }
    }
    Ok(held.outcome())
}

pub(super) fn get_of_an_absent_id_is_none(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Dot)?;
    let mut pair = Differential::new(harness, &schema)?;
    for n in 0..20 {
        for id in absent_ids(&pair.model) {
            assert_record(pair.site.get(&id)?.as_ref(), None, "get of an id never written");
        }
        pair.apply(&Batch::new().upsert(Record::new(corpus::id(n), [1.0, 2.0])?))?;
    }
    for n in 0..20 {
        pair.apply(&Batch::new().delete(corpus::id(n)))?;
        let found = pair.site.get(&corpus::id(n))?;
        assert_record(found.as_ref(), None, "get of an id that was deleted");
    }
    Ok(Outcome::Kept)
}

pub(super) fn get_of_an_id_that_cannot_be_stored_is_none(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Dot)?;
    let longest = "x".repeat(ID_BYTES_MAX);
    let mut pair = Differential::new(harness, &schema)?;
    for _ in 0..2 {
        for bytes in [ID_BYTES_MAX + 1, 2 * ID_BYTES_MAX, 65_536 + ID_BYTES_MAX, 1 << 20] {
            let found = pair.site.get(&"x".repeat(bytes).into())?;
            assert_record(found.as_ref(), None, format_args!("get of an id of {bytes} bytes"));
        }
        // A store that truncates keys would find this record in the second round.
        pair.apply(&Batch::new().upsert(Record::new(&*longest, [1.0, 2.0])?))?;
    }
    Ok(Outcome::Kept)
}
