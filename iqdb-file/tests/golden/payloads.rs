//! The ids and payloads of a block of a segment, by `docs/format.md`.

use iqdb_core::{Payload, RecordId, Uuid, Value};

use super::bytes::Bytes;

pub(crate) fn ids(bytes: &[u8], count: usize) -> Vec<RecordId> {
    let mut from = Bytes(bytes);
    let ends: Vec<usize> = (0..count).map(|_| from.len(4)).collect();
    let starts = [0].into_iter().chain(ends.iter().copied());
    let id = |(start, end): (usize, usize)| {
        let mut id = Bytes(&from.0[start + 1..end]);
        match from.0[start] {
            0 => id.u64().into(),
            1 => Uuid::from_bytes(id.0.try_into().unwrap()).into(),
            2 => id.text(end - start - 1).into(),
            kind => panic!("an id of kind {kind}"),
        }
    };
    starts.zip(ends.iter().copied()).map(id).collect()
}

pub(crate) fn payloads(bytes: &[u8], count: usize) -> Vec<Payload> {
    let mut from = Bytes(bytes);
    let mut payloads = vec![Payload::new(); count];
    match from.take(1)[0] {
        0 => {}
        1 => {
            for _ in 0..from.len(1) {
                let len = from.len(2);
                let name = from.text(len);
                let values = dictionary(&mut from);
                let width = from.len(1);
                for payload in &mut payloads {
                    if let Some(value) = from.len(width).checked_sub(1) {
                        payload.insert(name, values[value].clone());
                    }
                }
            }
        }
        2 => payloads.iter_mut().for_each(|payload| *payload = from.payload()),
        form => panic!("payloads of form {form}"),
    }
    assert!(from.0.is_empty(), "more than the payloads");
    payloads
}

fn dictionary(from: &mut Bytes<'_>) -> Vec<Value> {
    let flags = from.take(1)[0];
    let flagged = [(1, Value::Null), (2, Value::Bool(false)), (4, Value::Bool(true))];
    let mut values: Vec<Value> =
        flagged.into_iter().filter(|(flag, _)| flags & flag != 0).map(|(_, value)| value).collect();
    values.extend((0..from.len(4)).map(|_| Value::Int(from.u64().cast_signed())));
    values.extend((0..from.len(4)).map(|_| Value::Float(from.f64())));
    values.extend((0..from.len(4)).map(|_| from.date()));
    let count = from.len(4);
    let ends: Vec<usize> = (0..count).map(|_| from.len(4)).collect();
    let text = from.text(ends.last().copied().unwrap_or(0));
    let starts = [0].into_iter().chain(ends.iter().copied());
    values.extend(starts.zip(&ends).map(|(start, end)| Value::from(&text[start..*end])));
    for _kind in ["lists", "maps"] {
        values.extend((0..from.len(4)).map(|_| from.value()));
    }
    values
}
