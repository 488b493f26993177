//! Values of iqdb, decoded from a fuzzer's bytes.
//!
//! Small values are likely, so that ids meet again and distances tie; every kind of value is
//! possible, with any bits, and now and then one that iqdb refuses. When the bytes run out, every
//! further decision is the first choice.

mod source;
mod vectors;

use arbitrary::Result;
use iqdb_conformance::Question;
use iqdb_core::filter::Comparison;
use iqdb_core::limits::{ID_BYTES_MAX, PAYLOAD_DEPTH_MAX};
use iqdb_core::{
    Batch, Change, DateTime, Field, Filter, Goal, Map, Path, Payload, Record, RecordId, Schema,
    Uuid, Value, Vector, Version,
};

pub(crate) use source::Entropy;
pub(crate) use vectors::{any_vector, field, misfit, ones, schema, vector};

/// A few characters.
pub(crate) fn text(from: &mut Entropy<'_>) -> Result<String> {
    const TEXTS: [&str; 6] = ["", "a", "ab", "1", "null", "and"];
    Ok(match from.int_in_range(0..=8_u8)? {
        n @ 0..=5 => TEXTS[usize::from(n)].to_owned(),
        _ => from.arbitrary::<&str>()?.chars().take(64).collect(),
    })
}

/// An id of any kind. Few numbers, and the same ones as texts and as UUIDs.
pub(crate) fn id(from: &mut Entropy<'_>) -> Result<RecordId> {
    let kind = from.int_in_range(0..=10_u8)?;
    let number = |from: &mut Entropy<'_>| from.int_in_range(0..=5_u64);
    Ok(match kind {
        0..=3 => number(from)?.into(),
        4..=5 => number(from)?.to_string().into(),
        6 => Uuid::from_u128(number(from)?.into()).into(),
        7 => Uuid::from_u128(number(from)?.into()).to_string().into(),
        8 => from.arbitrary::<u64>()?.into(),
        9 => text(from)?.into(),
        _ => "x".repeat(ID_BYTES_MAX + from.int_in_range(0..=1)?).into(),
    })
}

fn key(from: &mut Entropy<'_>) -> Result<String> {
    Ok(match from.int_in_range(0..=9_u8)? {
        0..=2 => "a".to_owned(),
        3..=4 => "b".to_owned(),
        5 => "not".to_owned(),
        6 => "a.b`c".to_owned(),
        7 => "$date".to_owned(),
        8 => "$map".to_owned(),
        _ => text(from)?,
    })
}

/// A path, most often of one key; now and then from text, and then not always a valid one.
fn path(from: &mut Entropy<'_>) -> Result<Path> {
    let mut path = match from.int_in_range(0..=7_u8)? {
        0 => Path::from(text(from)?),
        _ => Path::key(key(from)?),
    };
    while from.int_in_range(0..=3_u8)? == 3 {
        path = match from.int_in_range(0..=2_u8)? {
            0 => path.each(),
            _ => path.then(key(from)?),
        };
    }
    Ok(path)
}

/// A date, most often near another.
fn date(from: &mut Entropy<'_>) -> Result<DateTime> {
    let micros = match from.arbitrary::<bool>()? {
        true => from.int_in_range(-2..=2)?,
        false => from.int_in_range(DateTime::MIN.as_micros()..=DateTime::MAX.as_micros())?,
    };
    DateTime::from_micros(micros).map_err(|_| arbitrary::Error::IncorrectFormat)
}

/// A value that is no list and no map, with any float.
fn scalar(from: &mut Entropy<'_>) -> Result<Value> {
    Ok(match from.int_in_range(0..=10_u8)? {
        0..=1 => from.int_in_range(-2..=2_i64)?.into(),
        2..=3 => (f64::from(from.int_in_range(-4..=4_i8)?) / 2.0).into(),
        4 => Value::Null,
        5 => from.arbitrary::<bool>()?.into(),
        6..=7 => text(from)?.into(),
        8 => from.arbitrary::<i64>()?.into(),
        9 => date(from)?.into(),
        _ => f64::from_bits(from.arbitrary()?).into(),
    })
}

/// A value in at most `depth` lists and maps.
fn nested(from: &mut Entropy<'_>, depth: usize) -> Result<Value> {
    let kind = from.int_in_range(0..=7_u8)?;
    if depth == 0 || kind < 5 {
        return scalar(from);
    }
    let length = from.int_in_range(0..=3)?;
    Ok(match kind {
        5..=6 => Value::List(
            (0..length).map(|_| nested(from, depth - 1)).collect::<Result<Vec<_>>>()?.into(),
        ),
        _ => {
            let entries = (0..length).map(|_| Ok((key(from)?, nested(from, depth - 1)?)));
            Value::Map(entries.collect::<Result<Vec<_>>>()?.into_iter().collect())
        }
    })
}

/// A value; now and then as deep as can be stored, or one deeper.
fn value(from: &mut Entropy<'_>) -> Result<Value> {
    let value = nested(from, 4)?;
    if from.int_in_range(0..=15_u8)? < 15 {
        return Ok(value);
    }
    let around = from.int_in_range(PAYLOAD_DEPTH_MAX - 5..=PAYLOAD_DEPTH_MAX)?;
    Ok((0..around).fold(value, |value, n| match n % 2 {
        0 => vec![value].into(),
        _ => Map::new().with("a", value).into(),
    }))
}

/// A payload of at most three keys; not always one that can be stored.
pub(crate) fn payload(from: &mut Entropy<'_>) -> Result<Payload> {
    let mut payload = Payload::new();
    for _ in 0..from.int_in_range(0..=3_u8)? {
        payload.insert(key(from)?, value(from)?);
    }
    Ok(payload)
}

/// A filter of at most `depth` operators above each predicate; not always a valid one.
pub(crate) fn filter(from: &mut Entropy<'_>, depth: u32) -> Result<Filter> {
    let kind = from.int_in_range(0..=11_u8)?;
    if depth > 0 && kind >= 8 {
        let operand = filter(from, depth - 1)?;
        return Ok(match kind {
            8 => operand.not(),
            9 => operand.and(filter(from, depth - 1)?),
            _ => operand.or(filter(from, depth - 1)?),
        });
    }
    Ok(match kind % 8 {
        0..=1 => Filter::compare(path(from)?, *from.choose(&Comparison::ALL)?, value(from)?),
        2 => Filter::exists(path(from)?),
        3 => Filter::is_null(path(from)?),
        4 => {
            let length = from.int_in_range(0..=3_u8)?;
            let values = (0..length).map(|_| scalar(from)).collect::<Result<Vec<_>>>()?;
            Filter::is_in(path(from)?, values)
        }
        5 => Filter::contains(path(from)?, scalar(from)?),
        6 => match from.arbitrary::<bool>()? {
            true => Filter::starts_with(path(from)?, text(from)?),
            false => Filter::contains_text(path(from)?, text(from)?),
        },
        _ => {
            let length = from.int_in_range(0..=4_u8)?;
            if length == 4 {
                return Ok(match from.arbitrary::<bool>()? {
                    true => Filter::has(Field::DEFAULT),
                    false => Filter::has(text(from)?),
                });
            }
            Filter::id_in((0..length).map(|_| id(from)).collect::<Result<Vec<_>>>()?)
        }
    })
}

/// A filter that records of this schema can be asked.
pub(crate) fn valid_filter(from: &mut Entropy<'_>, schema: &Schema) -> Result<Filter> {
    let filter = filter(from, 3)?;
    Ok(if filter.check_for(schema).is_ok() { filter } else { Filter::exists("a") })
}

/// A record that can be stored but for its payload. Now and then it lacks a field.
pub(crate) fn record(from: &mut Entropy<'_>, schema: &Schema, id: RecordId) -> Result<Record> {
    let mut record = Record::without_vector(id);
    for field in schema.fields() {
        if from.int_in_range(0..=7_u8)? < 7 {
            let vector = vector(from, field.kind())?;
            record.set_vector(field.name().to_owned(), Some(vector));
        }
    }
    Ok(record.with_payload(payload(from)?))
}

/// A batch, good or bad.
pub(crate) fn batch(from: &mut Entropy<'_>, schema: &Schema) -> Result<Batch> {
    let length = from.int_in_range(0..=6_u8)?;
    let batch: Batch = (0..length).map(|_| change(from, schema)).collect::<Result<_>>()?;
    Ok(match from.int_in_range(0..=7_u8)? {
        0 => batch.expect_version(Version(from.int_in_range(0..=7)?)),
        _ => batch,
    })
}

fn change(from: &mut Entropy<'_>, schema: &Schema) -> Result<Change> {
    let id = id(from)?;
    Ok(match from.int_in_range(0..=20_u8)? {
        0..=7 => Change::Upsert(record(from, schema, id)?),
        8..=10 => Change::Delete(id),
        11..=13 => Change::SetPayload(id, payload(from)?),
        14 => Change::InsertIfAbsent(record(from, schema, id)?),
        15 => Change::Insert(record(from, schema, id)?),
        16 => Change::DeleteWhere(valid_filter(from, schema)?),
        17 => Change::MergePayload(id, payload(from)?),
        18..=19 => {
            let field = field(from, schema)?;
            let vector = match from.int_in_range(0..=2_u8)? {
                2 => None,
                _ => Some(vector(from, field.kind())?),
            };
            Change::SetVectors(id, vec![(field.name().to_owned().into(), vector)])
        }
        _ => {
            let (field, mut record) = (field(from, schema)?, record(from, schema, id)?);
            match from.arbitrary()? {
                true => record.set_vector("unknown", Some(any_vector(from, field.kind())?)),
                false => {
                    let vector = misfit(from, field.kind())?;
                    record.set_vector(field.name().to_owned(), Some(vector));
                }
            }
            Change::Upsert(record)
        }
    })
}

/// A question to a field about all records, on one thread.
pub(crate) fn question(field: &Field, vector: Vector, goal: Goal) -> Result<Question> {
    let question = Question::new(vector, goal).map_err(|_| arbitrary::Error::IncorrectFormat)?;
    Ok(match field.name() {
        Field::DEFAULT => question,
        name => question.with_field(name),
    })
}

/// How many, or how near; never for nothing.
pub(crate) fn goal(from: &mut Entropy<'_>) -> Result<Goal> {
    const LIMITS: [usize; 5] = [1, 2, 3, 10, usize::MAX];
    const DISTANCES: [f64; 8] =
        [0.0, 1.0, -1.0, 2.0, std::f64::consts::SQRT_2, 0.5, f64::INFINITY, f64::NEG_INFINITY];
    let limit = *from.choose(&LIMITS)?;
    Ok(match from.int_in_range(0..=3_u8)? {
        0..=1 => Goal::Nearest { k: limit },
        2 => Goal::Within { distance: *from.choose(&DISTANCES)?, limit },
        _ => {
            let distance = f64::from_bits(from.arbitrary()?);
            Goal::Within { distance: if distance.is_nan() { 0.0 } else { distance }, limit }
        }
    })
}
