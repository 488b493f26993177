//! Columns return the payloads that they were made of, and select the rows that match one by one.

use std::hash::BuildHasher;

use iqdb_core::filter::Comparison;
use iqdb_core::{DateTime, Map, Narrow, Path, Payload, PayloadRef, Predicate, RowMask, Value};
use proptest::prelude::*;

use crate::{Codes, Columns, Dictionary, ExactValue, Invalid, KEYS_MAX, KeyColumn};

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::Int),
        prop::sample::select(vec![i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1]).prop_map(Value::Int),
        prop::sample::select(vec![-0.0, 0.0, 1.0, 1.5, -2.0, 9_007_199_254_740_992.0, 1e300])
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
    prop_oneof![6 => scalars(), 1 => nested]
}

fn payloads() -> impl Strategy<Value = Vec<Payload>> {
    let payload = prop::collection::btree_map("[xyz]", values(), 0..4)
        .prop_map(|keys| keys.into_iter().collect::<Payload>());
    prop::collection::vec(payload, 0..150)
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn columns_give_back_what_went_in(payloads in payloads()) {
        let columns = Columns::from_payloads(&payloads).unwrap();
        for (row, payload) in payloads.iter().enumerate() {
            let lent = PayloadRef::of_row(&columns, row);
            // Compared as text, because -0.0 and 0.0 are equal values.
            let there = lent.to_payload().unwrap();
            prop_assert_eq!(format!("{there:?}"), format!("{payload:?}"));
            for (key, value) in payload.iter() {
                prop_assert_eq!(lent.get(key).unwrap(), Some(value.as_ref()));
            }
            prop_assert_eq!(lent.get("absent").unwrap(), None);
        }
        let outside = PayloadRef::of_row(&columns, payloads.len());
        prop_assert!(outside.to_payload().unwrap().is_empty());
    }

    #[test]
    fn matching_is_asking_row_by_row(
        payloads in payloads(),
        predicates in prop::collection::vec(predicates(), 1..20),
        seed in any::<u64>(),
    ) {
        let columns = Columns::from_payloads(&payloads).unwrap();
        for predicate in predicates {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut before = RowMask::new();
            before.set_all(payloads.len());
            before.retain(|_| Ok::<_, ()>(random.u8(..4) > 0)).unwrap();
            let mut mask = before.clone();
            let answered = columns.matching(&predicate, &mut Narrow::new(&mut mask));
            // Conditions that select no ranges may be left to the caller.
            let may_decline = predicate.path().is_some_and(|path| path.as_key().is_none())
                || matches!(
                    predicate,
                    Predicate::In { .. }
                        | Predicate::Contains { .. }
                        | Predicate::ContainsText { .. }
                );
            prop_assert!(answered == predicate.path().is_some() || may_decline);
            let mut after = before.clone();
            after.retain(|row| predicate.matches_payload(&(&payloads[row]).into())).unwrap();
            prop_assert_eq!(&mask, if answered { &after } else { &before }, "{:?}", predicate);
        }
    }
}

/// Columns built from the parts of `columns`.
fn rebuilt(columns: &Columns, rows: usize) -> Result<Columns, Invalid> {
    let key = |key: &KeyColumn| {
        let mut dictionary = Dictionary::new();
        for value in key.dictionary().values() {
            dictionary.push(value)?;
        }
        let codes = match key.codes() {
            Codes::U8(codes) => Codes::U8(codes.clone()),
            Codes::U16(codes) => Codes::U16(codes.clone()),
            Codes::U32(codes) => Codes::U32(codes.clone()),
        };
        KeyColumn::new(key.name(), dictionary, codes)
    };
    Columns::new(rows, columns.keys().iter().map(key).collect::<Result<_, _>>()?)
}

/// A dictionary of these values, or why one of them is refused.
fn dictionary(values: &[Value]) -> Result<Dictionary, Invalid> {
    let mut dictionary = Dictionary::new();
    values.iter().try_for_each(|value| dictionary.push(value.as_ref()))?;
    Ok(dictionary)
}

proptest! {
    #[test]
    fn columns_are_the_same_put_together_from_their_parts(payloads in payloads()) {
        let packed = Columns::from_payloads(&payloads).unwrap();
        let again = rebuilt(&packed, payloads.len()).unwrap();
        prop_assert_eq!(format!("{:?}", again.keys()), format!("{:?}", packed.keys()));
        for (row, payload) in payloads.iter().enumerate() {
            let there = PayloadRef::of_row(&again, row).to_payload().unwrap();
            prop_assert_eq!(format!("{there:?}"), format!("{payload:?}"));
        }
        for key in packed.keys() {
            let numbered = (0..).map_while(|n| key.dictionary().value(n));
            prop_assert!(key.dictionary().values().eq(numbered));
            prop_assert_eq!(key.dictionary().values().count(), key.dictionary().len());
        }
    }

    #[test]
    fn a_dictionary_takes_values_in_one_order_only(values in prop::collection::vec(values(), 2)) {
        let forth = dictionary(&values).is_ok();
        let back = dictionary(&[values[1].clone(), values[0].clone()]).is_ok();
        let same = format!("{:?}", values[0]) == format!("{:?}", values[1]);
        prop_assert_eq!(u8::from(forth) + u8::from(back), u8::from(!same));
    }
}

#[test]
fn parts_that_make_no_columns_are_refused() {
    let ints = |n: i64| (0..n).map(Value::Int).collect::<Vec<_>>();
    let of = |name: &str, values: &[Value], codes: Codes| {
        KeyColumn::new(name, dictionary(values).unwrap(), codes)
    };
    let u8s = |codes: &[u8]| Codes::U8(codes.into());
    let key = |name: &str, codes: &[u8]| of(name, &[Value::Null], u8s(codes)).unwrap();

    assert!(of("x", &ints(2), u8s(&[0, 1, 2])).is_ok());
    assert_eq!(of("x", &ints(2), u8s(&[0, 1, 2, 3])).unwrap_err(), Invalid::Code(3));
    assert_eq!(of("x", &ints(2), u8s(&[1])).unwrap_err(), Invalid::Rows);
    assert_eq!(of("x", &ints(2), Codes::U16([0, 1].into())).unwrap_err(), Invalid::Width);
    assert_eq!(of("x", &ints(256), u8s(&[0; 256])).unwrap_err(), Invalid::Width);
    let wide = |code| Codes::U16((0..300).map(|_| code).collect());
    assert!(of("x", &ints(256), wide(256)).is_ok());
    assert_eq!(of("x", &ints(256), wide(257)).unwrap_err(), Invalid::Code(0));
    let widest = |code| Codes::U32((0..70_000).map(|_| code).collect());
    assert!(of("x", &ints(65_536), widest(65_536)).is_ok());
    assert_eq!(of("x", &ints(65_536), widest(65_537)).unwrap_err(), Invalid::Code(0));
    for name in ["".into(), "x".repeat(257)] {
        assert_eq!(of(&name, &ints(1), u8s(&[1])).unwrap_err(), Invalid::Name);
    }

    let nested = Value::from(vec![Value::from(vec![f64::NAN])]);
    let keyed = Value::from(Map::new().with("", 1));
    let long = Value::Text("x".repeat((1 << 20) - 7));
    for value in [Value::Float(f64::NAN), Value::Float(f64::INFINITY), nested, keyed, long] {
        assert_eq!(dictionary(&[value]).unwrap_err(), Invalid::Value);
    }
    assert!(dictionary(&[Value::Text("x".repeat((1 << 20) - 8))]).is_ok());

    assert!(Columns::new(2, vec![key("a", &[0, 1]), key("b", &[1, 1])]).is_ok());
    for second in ["a", "A"] {
        let keys = vec![key("a", &[0, 1]), key(second, &[1, 1])];
        assert_eq!(Columns::new(2, keys).unwrap_err(), Invalid::Name);
    }
    assert_eq!(Columns::new(3, vec![key("a", &[0, 1])]).unwrap_err(), Invalid::Rows);
    let many = (0..=KEYS_MAX).map(|n| key(&format!("{n:03}"), &[1])).collect();
    assert_eq!(Columns::new(1, many).unwrap_err(), Invalid::Keys);
}

#[test]
fn exact_values_are_compared_and_hashed_by_their_bits() {
    // Sorted and distinct.
    let sorted = [
        Value::Null,
        false.into(),
        true.into(),
        i64::MIN.into(),
        1.into(),
        Value::Float(-1.0),
        Value::Float(-0.0),
        Value::Float(0.0),
        Value::Float(1.0),
        DateTime::MIN.into(),
        DateTime::MAX.into(),
        "".into(),
        "a".into(),
        "ab".into(),
        "ä".into(),
        Vec::<Value>::new().into(),
        vec![1].into(),
        vec![Value::from(1), Value::Null].into(),
        vec![-0.0].into(),
        vec![0.0].into(),
        vec![Map::new()].into(),
        Map::new().into(),
        Map::new().with("a", 1).into(),
        Map::new().with("a", 1).with("b", 0).into(),
        Map::new().with("a", 1.0).into(),
        Map::new().with("b", 0).into(),
    ];
    let hasher = std::hash::RandomState::new();
    let exact: Vec<_> = sorted.iter().map(|value| ExactValue(value.as_ref())).collect();
    for (i, a) in exact.iter().enumerate() {
        for (j, b) in exact.iter().enumerate() {
            assert_eq!((a == b, a.cmp(b)), (i == j, i.cmp(&j)), "{a:?} and {b:?}");
            assert_eq!(hasher.hash_one(a) == hasher.hash_one(b), i == j, "{a:?} and {b:?}");
        }
    }
}

#[test]
fn a_field_is_made_of_values_in_any_order() {
    let values = [Value::from("b"), Value::Null, Value::from("a")];
    let of = |name: &str, values: &[Value], codes: &[u32]| {
        let values = values.iter().map(Value::as_ref);
        KeyColumn::from_unsorted(name, values, codes.iter().copied())
    };
    let key = of("x", &values, &[1, 0, 3, 2, 3]).unwrap();
    let sorted = dictionary(&[Value::Null, "a".into(), "b".into()]).unwrap();
    let same = KeyColumn::new("x", sorted, Codes::U8([3, 0, 2, 1, 2].into())).unwrap();
    assert_eq!(format!("{key:?}"), format!("{same:?}"));

    assert_eq!(of("", &values, &[1, 2, 3]).unwrap_err(), Invalid::Name);
    assert_eq!(of("x", &values, &[1, 2]).unwrap_err(), Invalid::Rows);
    assert_eq!(of("x", &values, &[1, 4, 5]).unwrap_err(), Invalid::Code(1));
    let twice = [Value::Int(1), Value::Null, Value::Int(1)];
    assert_eq!(of("x", &twice, &[1, 2, 3]).unwrap_err(), Invalid::Value);
}

#[test]
fn codes_are_as_wide_as_the_dictionary_is_long() {
    for distinct in [255_i64, 256, 65_535, 65_536] {
        let payloads: Vec<_> =
            (0..=distinct).map(|n| Payload::new().with("n", n % distinct)).collect();
        let columns = Columns::from_payloads(&payloads).unwrap();
        for row in [0, 1, 254, payloads.len() - 2, payloads.len() - 1] {
            let lent = PayloadRef::of_row(&columns, row);
            assert_eq!(lent.to_payload().unwrap(), payloads[row], "row {row} of {distinct}");
        }
        let leaf = Predicate::Compare {
            path: "n".into(),
            comparison: Comparison::Ge,
            value: (distinct - 2).into(),
        };
        let mut mask = RowMask::new();
        mask.set_all(payloads.len());
        assert!(columns.matching(&leaf, &mut Narrow::new(&mut mask)));
        assert_eq!(mask.count(), 2);
    }
}

#[test]
fn too_many_values_for_a_condition_that_is_no_range_are_left_to_the_caller() {
    let payloads: Vec<_> = (0..5_000_i64).map(|n| Payload::new().with("n", n)).collect();
    let columns = Columns::from_payloads(&payloads).unwrap();
    let leaf = Predicate::In { path: "n".into(), values: [Value::Int(7)].into_iter().collect() };
    let mut mask = RowMask::new();
    mask.set_all(payloads.len());
    assert!(!columns.matching(&leaf, &mut Narrow::new(&mut mask)));
    assert_eq!(mask.count(), 5_000);
}

#[test]
fn too_many_fields_make_no_columns() {
    let wide = |keys: usize| (0..keys).map(|n| (n.to_string(), 1)).collect::<Payload>();
    assert!(Columns::from_payloads(&[wide(KEYS_MAX)]).is_some());
    assert!(
        Columns::from_payloads(&[wide(KEYS_MAX), Payload::new().with("one more", 1)]).is_none()
    );
}

#[test]
fn columns_are_compact() {
    // A word that is nearly unique, one of four, and two numbers, as in a dictionary.
    let payloads: Vec<_> = (0..4_096_i64)
        .zip(["noun", "verb", "adjective", "adverb"].into_iter().cycle())
        .map(|(n, pos)| {
            Payload::new()
                .with("word", format!("word {n:x}"))
                .with("pos", pos)
                .with("lexfile", n % 45)
                .with("gloss_len", n % 300)
        })
        .collect();
    let json: usize = payloads
        .iter()
        .map(|payload| {
            let key = |(name, value): (&str, &Value)| format!("\"{name}\": {value}, ").len();
            payload.iter().map(key).sum::<usize>()
        })
        .sum();
    let mut kept = None;
    let cost = allocation_counter::measure(|| kept = Columns::from_payloads(&payloads));
    let bytes = usize::try_from(cost.bytes_current).unwrap();
    assert!(kept.is_some() && bytes * 2 < json, "{bytes} bytes for {json} of JSON");
}
