//! What is written comes back bit for bit, and nothing else is read.

use iqdb_core::limits::{
    ID_BYTES_MAX, KEY_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_DEPTH_MAX,
    PAYLOAD_KEYS_MAX,
};
use iqdb_core::{
    DateTime, ErrorKind, IdRef, Location, Map, Payload, RecordId, Result, Uuid, Value,
};
use proptest::prelude::*;

use super::*;

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::Int),
        any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::Float),
        prop::sample::select(vec![-0.0, 0.0, f64::MIN_POSITIVE / 2.0]).prop_map(Value::Float),
        prop::sample::select(vec![DateTime::MIN, DateTime::MAX]).prop_map(Value::DateTime),
        (-2_i64..2).prop_map(|micros| DateTime::from_micros(micros).unwrap().into()),
        "\\PC{0,6}".prop_map(Value::Text),
    ]
}

fn payloads() -> impl Strategy<Value = Payload> {
    let nested = scalars().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[xyz]", inner), 0..3)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    });
    let value = prop_oneof![4 => scalars(), 1 => nested];
    prop::collection::btree_map("\\PC{1,3}", value, 0..5)
        .prop_map(|fields| fields.into_iter().collect())
}

fn ids() -> impl Strategy<Value = RecordId> {
    prop_oneof![
        any::<u64>().prop_map(RecordId::from),
        any::<u128>().prop_map(|bits| Uuid::from_u128(bits).into()),
        "\\PC{0,6}".prop_map(RecordId::from),
    ]
}

fn of_id(id: IdRef<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_id(&mut bytes, id);
    bytes
}

fn of_payload(payload: &Payload) -> Vec<u8> {
    let mut bytes = Vec::new();
    put_payload(&mut bytes, payload);
    bytes
}

/// All of `bytes`, read by `take`.
fn whole<T>(bytes: &[u8], take: impl Fn(&mut Reader<'_>) -> Result<T>) -> Result<T> {
    let mut reader = Reader::new(bytes);
    let value = take(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// Refused as damaged, at a byte of the blob or its end.
fn refused<T: std::fmt::Debug>(bytes: &[u8], result: Result<T>) -> u64 {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    match error.location() {
        Some(Location::Byte(at)) if at <= bytes.len() as u64 => at,
        other => panic!("{error} at {other:?} of {}", bytes.len()),
    }
}

/// Whatever is read is written as it was read: there is one form of everything.
fn read_or_refused<T: std::fmt::Debug>(
    bytes: &[u8],
    take: impl Fn(&mut Reader<'_>) -> Result<T>,
    put: impl Fn(&T) -> Vec<u8>,
) {
    match whole(bytes, take) {
        Ok(value) => assert_eq!(put(&value), bytes, "{value:?}"),
        error => {
            refused(bytes, error);
        }
    }
}

/// Every truncation is refused, and every flipped bit is refused or another value.
fn survives<T: std::fmt::Debug>(
    bytes: &[u8],
    take: impl Fn(&mut Reader<'_>) -> Result<T> + Copy,
    put: impl Fn(&T) -> Vec<u8> + Copy,
) {
    for len in 0..bytes.len() {
        refused(&bytes[..len], whole(&bytes[..len], take));
    }
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        read_or_refused(&flipped, take, put);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn ids_come_back_and_nothing_else(id in ids()) {
        let bytes = of_id(id.as_ref());
        prop_assert_eq!(whole(&bytes, take_id).unwrap(), id);
        survives(&bytes, take_id, |id| of_id(id.as_ref()));
    }

    #[test]
    fn payloads_come_back_and_nothing_else(payload in payloads()) {
        let bytes = of_payload(&payload);
        let found = whole(&bytes, take_payload).unwrap();
        // Bit for bit: -0.0 and 0.0 are equal, and yet not the same.
        prop_assert_eq!(format!("{found:?}"), format!("{payload:?}"));
        survives(&bytes, take_payload, of_payload);
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(0_u8..8, 0..40)) {
        read_or_refused(&bytes, take_id, |id| of_id(id.as_ref()));
        read_or_refused(&bytes, take_payload, of_payload);
    }
}

#[test]
fn the_bytes_are_these() {
    let id = |id: RecordId| of_id(id.as_ref());
    assert_eq!(id(0x0102.into()), [0, 2, 1, 0, 0, 0, 0, 0, 0]);
    let uuid: RecordId = "67e55044-10b1-426f-9247-bb680e5fe0c8".parse().unwrap();
    assert_eq!(id(uuid)[..5], [1, 0x67, 0xe5, 0x50, 0x44]);
    assert_eq!(id("ab".into()), [2, 2, 0, b'a', b'b']);
    let values = Value::from(vec![Value::Null, false.into(), true.into(), 1.into(), "x".into()]);
    let date = DateTime::from_micros(-2).unwrap();
    let payload = Payload::new()
        .with("l", values)
        .with("f", -0.0)
        .with("m", Map::new().with("k", vec![Value::from(date)]));
    let expected = [
        &[3, 0][..],
        &[1, 0, b'f', 4, 0, 0, 0, 0, 0, 0, 0, 0x80],
        &[1, 0, b'l', 7, 22, 0, 0, 0, 5, 0, 0, 0],
        &[0, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 6, 1, 0, 0, 0, b'x'],
        &[1, 0, b'm', 8, 25, 0, 0, 0, 1, 0, 0, 0],
        &[1, 0, b'k', 7, 13, 0, 0, 0, 1, 0, 0, 0],
        &[5, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    ];
    assert_eq!(of_payload(&payload), expected.concat());
}

#[test]
fn limits_hold_at_and_above() {
    for (len, is_kept) in [(ID_BYTES_MAX, true), (ID_BYTES_MAX + 1, false)] {
        let bytes = of_id(IdRef::Text(&"x".repeat(len)));
        assert_eq!(whole(&bytes, take_id).is_ok(), is_kept, "an id of {len}");
    }
    let named = |len: usize| Payload::new().with("x".repeat(len), 1);
    let wide = |fields: usize| (0..fields).map(|n| (format!("{n:05}"), 1)).collect::<Payload>();
    let long = |len: usize| Payload::new().with("x", vec![Value::Null; len]);
    let heavy = |bytes: usize| Payload::new().with("x", "y".repeat(bytes - 9));
    for (kept, refused) in [
        (named(KEY_BYTES_MAX), named(KEY_BYTES_MAX + 1)),
        (named(1), named(0)),
        (wide(PAYLOAD_KEYS_MAX), wide(PAYLOAD_KEYS_MAX + 1)),
        (long(LIST_LEN_MAX), long(LIST_LEN_MAX + 1)),
        (heavy(PAYLOAD_BYTES_MAX), heavy(PAYLOAD_BYTES_MAX + 1)),
        (Payload::new().with("x", f64::MAX), Payload::new().with("x", f64::NAN)),
    ] {
        assert!(whole(&of_payload(&kept), take_payload).is_ok());
        let bytes = of_payload(&refused);
        super::tests::refused(&bytes, whole(&bytes, take_payload));
    }
    for (depth, is_kept) in [(PAYLOAD_DEPTH_MAX, true), (PAYLOAD_DEPTH_MAX + 1, false)] {
        let value = (1..depth).fold(Value::Null, |value, _| vec![value].into());
        let mut bytes = vec![1, 0, 1, 0, b'x'];
        value.as_ref().encode(&mut bytes);
        assert_eq!(whole(&bytes, take_payload).is_ok(), is_kept, "{depth} deep");
    }
}

#[test]
fn what_is_out_of_order_or_unknown_is_refused_where_it_stands() {
    let twice = [2, 0, 1, 0, b'a', 0, 1, 0, b'a', 0];
    assert_eq!(refused(&twice, whole(&twice, take_payload)), 6);
    let nested = [1, 0, 1, 0, b'a', 7, 5, 0, 0, 0, 1, 0, 0, 0, 9];
    assert_eq!(refused(&nested, whole(&nested, take_payload)), 15);
    let unknown = [3, 0];
    assert_eq!(refused(&unknown, whole(&unknown, take_id)), 0);
    let broken = [2, 2, 0, b'a', 0xff];
    assert_eq!(refused(&broken, whole(&broken, take_id)), 4);
    let more = [2, 0, 0, 7];
    assert_eq!(refused(&more, whole(&more, take_id)), 3);
}

#[test]
fn errors_count_from_where_they_are_told_to() {
    let mut reader = Reader::at(&[1, 2, 3], 100);
    assert_eq!((reader.take_u8().unwrap(), reader.offset()), (1, 101));
    let error = reader.take_u32().unwrap_err();
    assert_eq!(error.location(), Some(Location::Byte(101)));
    assert_eq!((reader.take_u16().unwrap(), reader.remaining()), (0x0302, 0));
    assert!(reader.take_long(u64::MAX).is_err() && reader.finish().is_ok());
}

#[test]
fn a_length_that_is_a_lie_costs_no_memory() {
    let list = [1, 0, 1, 0, b'a', 7, 4, 0, 0, 0, 0, 0, 1, 0];
    let text = [1, 0, 1, 0, b'a', 6, 0xff, 0xff, 0xff, 0xff];
    // Each of its values is within the limits, and all of them together are far above.
    let mut many = vec![0, 4];
    for n in 0..PAYLOAD_KEYS_MAX {
        put_u16(&mut many, 4);
        put_bytes(&mut many, format!("{n:04}").as_bytes());
        Value::from(vec![Value::Null; 10_000]).as_ref().encode(&mut many);
    }
    for (bytes, bytes_max) in [(&list[..], 4_096), (&text, 4_096), (&many, 8 << 20)] {
        let cost = allocation_counter::measure(|| {
            refused(bytes, whole(bytes, take_payload));
        });
        assert!(cost.bytes_max < bytes_max, "{} bytes", cost.bytes_max);
    }
}
