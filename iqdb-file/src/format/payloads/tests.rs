//! What is written comes back bit for bit, damage is refused or is other payloads, and columns
//! select what asking row by row would.

mod memory;

use iqdb_core::filter::Comparison;
use iqdb_core::limits::{PAYLOAD_BYTES_MAX, PAYLOAD_KEYS_MAX};
use iqdb_core::{
    DateTime, ErrorKind, Location, Map, Narrow, Path, Payload, Predicate, RowMask, Value,
};
use proptest::prelude::*;

use super::{COLUMNS, NONE, PayloadBlock, ROWS};

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::Int),
        prop::sample::select(vec![i64::MIN, i64::MAX, (1 << 53) + 1]).prop_map(Value::Int),
        prop::sample::select(vec![-0.0, 0.0, 1.0, -2.5, f64::MIN_POSITIVE / 2.0, f64::MAX])
            .prop_map(Value::Float),
        prop::sample::select(vec![DateTime::MIN, DateTime::MAX]).prop_map(Value::DateTime),
        (-2_i64..2).prop_map(|micros| DateTime::from_micros(micros).unwrap().into()),
        "[ab]{0,3}".prop_map(Value::Text),
        prop::sample::select(vec!["ä", "\u{0}", "z\u{ffff}"]).prop_map(Value::from),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    let nested = scalars().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[xyz]", inner), 0..3)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    });
    prop_oneof![4 => scalars(), 1 => nested]
}

fn payloads(rows: usize) -> impl Strategy<Value = Vec<Payload>> {
    let payload = prop::collection::btree_map("[xyzä]", values(), 0..4)
        .prop_map(|keys| keys.into_iter().collect::<Payload>());
    prop::collection::vec(payload, 0..rows)
}

fn predicates() -> impl Strategy<Value = Predicate> {
    let path = || {
        let steps = prop::collection::vec(prop::option::of("[xyz]"), 0..3);
        ("[wxyz]", prop_oneof![2 => Just(Vec::new()), 1 => steps]).prop_map(|(first, steps)| {
            steps.into_iter().fold(Path::key(first), |path, step| match step {
                Some(key) => path.then(key),
                None => path.each(),
            })
        })
    };
    prop_oneof![
        4 => (path(), prop::sample::select(Comparison::ALL.to_vec()), scalars())
            .prop_map(|(path, comparison, value)| Predicate::Compare { path, comparison, value }),
        1 => (path(), prop::collection::vec(scalars(), 0..5)).prop_map(|(path, values)| {
            Predicate::In { path, values: values.into_iter().collect() }
        }),
        1 => (path(), scalars()).prop_map(|(path, value)| Predicate::Contains { path, value }),
        1 => (path(), "[ab]{0,2}")
            .prop_map(|(path, prefix)| Predicate::StartsWith { path, prefix }),
        1 => (path(), "[ab]{0,1}")
            .prop_map(|(path, text)| Predicate::ContainsText { path, text }),
        1 => path().prop_map(|path| Predicate::Exists { path }),
        1 => path().prop_map(|path| Predicate::IsNull { path }),
        1 => Just(Predicate::IdIn { ids: [7.into()].into_iter().collect() }),
    ]
}

/// More keys than columns are made of, which are written row by row.
fn wide() -> Vec<Payload> {
    let keys = |range: std::ops::Range<u32>| range.map(|n| (n.to_string(), n));
    vec![keys(0..100).collect(), Payload::new(), keys(50..150).collect()]
}

/// All that a block lends.
fn lent(block: &PayloadBlock) -> Vec<Payload> {
    (0..).map_while(|row| block.payload(row)).map(|lent| lent.to_payload().unwrap()).collect()
}

/// Bit for bit: -0.0 and 0.0 are equal, and yet not the same.
fn assert_same(found: &[Payload], expected: &[Payload]) {
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
}

/// Refused as damaged at a byte of the blob or at its end, or payloads that may be stored. Those
/// are written and come back like any others.
fn refused_or_sound(bytes: &[u8], rows: usize) -> bool {
    match PayloadBlock::decode(bytes, rows) {
        Ok(block) => {
            let found = lent(&block);
            assert_eq!(found.len(), rows);
            found.iter().for_each(|payload| payload.check().unwrap());
            let again = PayloadBlock::decode(&PayloadBlock::encode(&found), rows).unwrap();
            assert_same(&lent(&again), &found);
            true
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
            let at = error.location();
            let len = bytes.len() as u64;
            assert!(matches!(at, Some(Location::Byte(at)) if at <= len), "{error} of {len}");
            false
        }
    }
}

/// Every truncation is refused, and every `step`-th bit may be flipped.
fn assert_survives(bytes: &[u8], rows: usize, step: usize) {
    for len in 0..bytes.len() {
        assert!(!refused_or_sound(&bytes[..len], rows), "{len} bytes of {}", bytes.len());
    }
    let longer = [bytes, &[0]].concat();
    assert!(!refused_or_sound(&longer, rows), "one byte more than {}", bytes.len());
    for bit in (0..bytes.len() * 8).step_by(step) {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused_or_sound(&flipped, rows);
    }
    if bytes != [NONE] {
        assert!(!refused_or_sound(bytes, rows + 1));
        assert!(rows == 0 || !refused_or_sound(bytes, rows - 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn payloads_come_back(payloads in payloads(300)) {
        let bytes = PayloadBlock::encode(&payloads);
        let block = PayloadBlock::decode(&bytes, payloads.len()).unwrap();
        assert_same(&lent(&block), &payloads);
        for (row, payload) in payloads.iter().enumerate() {
            let lent = block.payload(row).unwrap();
            for (key, value) in payload.iter() {
                prop_assert_eq!(lent.get(key).unwrap(), Some(value.as_ref()));
            }
            prop_assert_eq!(lent.get("absent").unwrap(), None);
        }
        prop_assert!(block.payload(payloads.len()).is_none());
        let borrowed: Vec<&Payload> = payloads.iter().collect();
        prop_assert_eq!(PayloadBlock::encode(&borrowed), bytes);
    }

    #[test]
    fn matching_is_asking_row_by_row(
        payloads in payloads(150),
        predicates in prop::collection::vec(predicates(), 1..20),
        seed in any::<u64>(),
    ) {
        let bytes = PayloadBlock::encode(&payloads);
        let block = PayloadBlock::decode(&bytes, payloads.len()).unwrap();
        for predicate in predicates {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut before = RowMask::new();
            before.set_all(payloads.len());
            before.retain(|_| Ok::<_, ()>(random.u8(..4) > 0)).unwrap();
            let mut mask = before.clone();
            let answered = block.matching(&predicate, &mut Narrow::new(&mut mask));
            let may_decline = predicate.path().is_none_or(|path| path.as_key().is_none())
                || matches!(
                    predicate,
                    Predicate::In { .. }
                        | Predicate::Contains { .. }
                        | Predicate::ContainsText { .. }
                );
            prop_assert!(answered || may_decline, "{:?}", predicate);
            let mut after = before.clone();
            after.retain(|row| predicate.matches_payload(&(&payloads[row]).into())).unwrap();
            prop_assert_eq!(&mask, if answered { &after } else { &before }, "{:?}", predicate);
        }
    }

    #[test]
    fn damage_is_refused_or_is_other_payloads(payloads in payloads(6)) {
        assert_survives(&PayloadBlock::encode(&payloads), payloads.len(), 1);
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in prop::collection::vec(0_u8..4, 0..60)) {
        for rows in 0..4 {
            refused_or_sound(&bytes, rows);
        }
    }
}

#[test]
fn the_bytes_are_these() {
    assert_eq!(PayloadBlock::encode::<Payload>(&[]), [NONE]);
    assert_eq!(PayloadBlock::encode(&[Payload::new(), Payload::new()]), [NONE]);
    let payloads = [
        Payload::new().with("a", "xy").with("b", [1]),
        Payload::new().with("a", 2).with("b", true),
        Payload::new().with("a", "x").with("b", DateTime::from_micros(-2).unwrap()),
        Payload::new().with("a", -0.0).with("b", Value::Null),
        Payload::new().with("b", Map::new().with("k", false)),
    ];
    let expected = [
        &[COLUMNS, 2][..],
        &[1, 0, b'a', 0],
        &[1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x80],
        &[0, 0, 0, 0],
        &[2, 0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, b'x', b'x', b'y'],
        &[0, 0, 0, 0, 0, 0, 0, 0],
        &[1, 4, 1, 3, 2, 0],
        &[1, 0, b'b', 5],
        &[0, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0, 0, 0, 0],
        &[1, 0, 0, 0, 7, 13, 0, 0, 0, 1, 0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0, 0],
        &[1, 0, 0, 0, 8, 8, 0, 0, 0, 1, 0, 0, 0, 1, 0, b'k', 1],
        &[1, 4, 2, 3, 1, 5],
    ];
    assert_eq!(PayloadBlock::encode(&payloads), expected.concat());
}

#[test]
fn too_many_fields_are_written_row_by_row() {
    let payloads = wide();
    let bytes = PayloadBlock::encode(&payloads);
    assert_eq!(bytes[0], ROWS);
    let block = PayloadBlock::decode(&bytes, payloads.len()).unwrap();
    assert_same(&lent(&block), &payloads);
    let mut mask = RowMask::new();
    mask.set_all(payloads.len());
    let leaf = Predicate::Exists { path: Path::key("7") };
    assert!(!block.matching(&leaf, &mut Narrow::new(&mut mask)));
    assert_eq!(mask.count(), payloads.len());
    assert_survives(&bytes, payloads.len(), 13);
}

#[test]
fn blocks_of_every_width_come_back() {
    for distinct in [255_i64, 256, 65_535, 65_536] {
        let of = |n: i64| match n % distinct {
            n if n % 3 == 0 => Payload::new().with("n", n),
            n => Payload::new().with("n", format!("{n:05}")),
        };
        let payloads: Vec<Payload> = (0..65_536).map(of).collect();
        let bytes = PayloadBlock::encode(&payloads);
        let block = PayloadBlock::decode(&bytes, payloads.len()).unwrap();
        assert!(lent(&block) == payloads, "{distinct} values");
        let mut mask = RowMask::new();
        mask.set_all(payloads.len());
        let leaf = Predicate::Exists { path: "n".into() };
        assert!(block.matching(&leaf, &mut Narrow::new(&mut mask)));
        assert_eq!(mask.count(), payloads.len());
    }
}

#[test]
fn no_row_has_what_none_has() {
    let payloads = vec![Payload::new(); 100];
    let block = PayloadBlock::decode(&PayloadBlock::encode(&payloads), 100).unwrap();
    assert_same(&lent(&block), &payloads);
    let mut mask = RowMask::new();
    mask.set_all(100);
    let ids = Predicate::IdIn { ids: [7.into()].into_iter().collect() };
    assert!(!block.matching(&ids, &mut Narrow::new(&mut mask)));
    assert_eq!(mask.count(), 100);
    let leaf = Predicate::Exists { path: "x".into() };
    assert!(block.matching(&leaf, &mut Narrow::new(&mut mask)));
    assert_eq!(mask.count(), 0);
}

#[test]
fn values_and_codes_are_in_their_one_order_and_width() {
    let key = |name: u8, ints: &[u8], codes: &[u8]| {
        let count = u8::try_from(ints.len()).unwrap();
        let mut bytes = vec![1, 0, name, 0, count, 0, 0, 0];
        ints.iter().for_each(|int| bytes.extend([*int, 0, 0, 0, 0, 0, 0, 0]));
        bytes.extend([0; 20]);
        bytes.extend(codes);
        bytes
    };
    let refused_at = |keys: &[Vec<u8>]| {
        let count = u8::try_from(keys.len()).unwrap();
        let bytes = [&[COLUMNS, count], &keys.concat()[..]].concat();
        match PayloadBlock::decode(&bytes, 2).map_err(|error| error.location()) {
            Ok(_) => None,
            Err(Some(Location::Byte(at))) => Some(at),
            Err(other) => panic!("{other:?}"),
        }
    };
    let sound = key(b'b', &[3, 7], &[1, 1, 2]);
    let next = 2 + sound.len() as u64;
    assert_eq!(refused_at(std::slice::from_ref(&sound)), None);
    assert_eq!(refused_at(&[key(b'b', &[3, 3], &[1, 1, 2])]), Some(18), "a value twice");
    assert_eq!(refused_at(&[key(b'b', &[7, 3], &[1, 1, 2])]), Some(18), "not in order");
    assert_eq!(refused_at(&[key(b'b', &[3, 7], &[2, 1, 0, 2, 0])]), Some(46), "too wide");
    assert_eq!(refused_at(&[key(b'b', &[3, 5, 7], &[1, 1, 2])]), Some(2), "a value for no row");
    assert_eq!(refused_at(&[sound.clone(), key(b'c', &[1], &[1, 1, 0])]), None);
    for name in [b'b', b'a'] {
        assert_eq!(refused_at(&[sound.clone(), key(name, &[1], &[1, 1, 0])]), Some(next));
    }
}

#[test]
fn damage_is_named_where_it_is() {
    let at = |bytes: &[u8], rows| match PayloadBlock::decode(bytes, rows).unwrap_err().location() {
        Some(Location::Byte(at)) => at,
        other => panic!("{other:?}"),
    };
    let payloads = ["b", "a", "ä"].map(|text| Payload::new().with("x", text));
    let bytes = PayloadBlock::encode(&payloads);
    let flipped = |byte: usize, to: u8| {
        let mut bytes = bytes.clone();
        bytes[byte] = to;
        at(&bytes, 3)
    };
    // 1 form, 1 count, 3 key, 1 flags, 4 ints, 4 floats, 4 dates, 4 strings, 12 ends, 4 text, 4 lists,
    // 4 maps, 1 width, 3 codes.
    assert_eq!(bytes.len(), 50);
    assert_eq!(flipped(0, 3), 0, "form");
    assert_eq!(flipped(1, 0), 1, "count of keys");
    assert_eq!(flipped(1, 2), 50, "a key too many");
    assert_eq!(flipped(5, 8), 5, "flags");
    assert_eq!(flipped(22, 2), 26, "a string out of order");
    assert_eq!(flipped(26, 3), 26, "a string that ends within a character");
    assert_eq!(flipped(30, 3), 36, "a text that ends within a character");
    assert_eq!(flipped(34, b'c'), 26, "a string that should come later");
    assert_eq!(flipped(37, b'c'), 36, "no UTF-8");
    assert_eq!(flipped(46, 2), 47, "a width of two, and no codes for it");
    assert_eq!(flipped(48, 4), 48, "a code of no value");
    assert_eq!(at(&[&bytes[..], &[1]].concat(), 3), 50, "a byte too many");
}

#[test]
fn payloads_that_are_too_large_together_are_refused() {
    // Each key within the limits, and all of them together, or too large by a byte.
    let half = |bytes: usize| Value::Text("x".repeat(bytes - 9));
    for (bytes, is_kept) in [(PAYLOAD_BYTES_MAX / 2, true), (PAYLOAD_BYTES_MAX / 2 + 1, false)] {
        let payload = Payload::new().with("a", half(PAYLOAD_BYTES_MAX / 2)).with("b", half(bytes));
        assert_eq!(payload.check().is_ok(), is_kept);
        // The same values in two rows are no payload that is too large.
        let apart = [Payload::new().with("a", half(bytes)), Payload::new().with("b", half(bytes))];
        let bytes = PayloadBlock::encode(&apart);
        assert!(PayloadBlock::decode(&bytes, 2).is_ok());
        let lists = payload.clone().with("l", [1, 2]);
        let kept = [payload, lists].map(|payload| {
            let bytes = PayloadBlock::encode(&[Payload::new(), payload]);
            PayloadBlock::decode(&bytes, 2).is_ok()
        });
        assert_eq!(kept, [is_kept, false]);
    }
}

#[test]
fn a_payload_of_all_that_is_allowed_comes_back() {
    let full: Payload = (0..PAYLOAD_KEYS_MAX).map(|n| (n.to_string(), n as f64 / 3.0)).collect();
    let bytes = PayloadBlock::encode(&[&full]);
    let block = PayloadBlock::decode(&bytes, 1).unwrap();
    assert_same(&lent(&block), std::slice::from_ref(&full));
}
