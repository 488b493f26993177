//! Open columns return the payloads that were appended and select the rows that match one by one.
//! Packed, they equal the columns made of the same payloads.

use iqdb_core::filter::Comparison;
use iqdb_core::{DateTime, Payload, PayloadRef, RowMask};
use proptest::prelude::*;

use super::*;

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-3_i64..4).prop_map(Value::Int),
        prop::sample::select(vec![-0.0, 0.0, 1.0, 1.5]).prop_map(Value::Float),
        prop::sample::select(vec![DateTime::MIN, DateTime::MAX]).prop_map(Value::DateTime),
        (-2_i64..2).prop_map(|micros| DateTime::from_micros(micros).unwrap().into()),
        "[ab]{0,3}".prop_map(Value::Text),
    ]
}

fn payloads() -> impl Strategy<Value = Vec<Payload>> {
    let nested = scalars().prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[xyz]", inner), 0..3)
                .prop_map(|entries| Value::Map(entries.into_iter().collect())),
        ]
    });
    let values = prop_oneof![6 => scalars(), 1 => nested];
    let payload = prop::collection::btree_map("[xyz]", values, 0..4)
        .prop_map(|fields| fields.into_iter().collect::<Payload>());
    prop::collection::vec(payload, 0..150)
}

/// Conditions on fields, some of which no payload has, and one on ids.
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
        (path(), prop::sample::select(Comparison::ALL.to_vec()), scalars())
            .prop_map(|(path, comparison, value)| Predicate::Compare { path, comparison, value }),
        (path(), scalars()).prop_map(|(path, value)| Predicate::Contains { path, value }),
        path().prop_map(|path| Predicate::Exists { path }),
        Just(Predicate::IdIn { ids: [7.into()].into_iter().collect() }),
    ]
}

/// Columns of these payloads; `None` if there are too many fields.
fn open(payloads: &[Payload]) -> Option<OpenColumns> {
    let (mut appender, columns) = columns(payloads.len(), Hasher::default());
    let mut rows = payloads.iter().enumerate();
    let fit = rows.all(|(row, payload)| {
        let mut appender = appender.row(row);
        payload.iter().for_each(|(name, value)| appender.push(name, value.as_ref()));
        appender.fits()
    });
    fit.then_some(columns)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn columns_give_back_what_went_in(payloads in payloads()) {
        let open = open(&payloads).unwrap();
        for (row, payload) in payloads.iter().enumerate() {
            let lent = PayloadRef::of_row(&open, row);
            // Compared as text, because -0.0 and 0.0 are equal values.
            let there = lent.to_payload().unwrap();
            prop_assert_eq!(format!("{there:?}"), format!("{payload:?}"));
            for (field, value) in payload.iter() {
                prop_assert_eq!(lent.get(field).unwrap(), Some(value.as_ref()));
            }
            prop_assert_eq!(lent.get("absent").unwrap(), None);
        }
        let outside = PayloadRef::of_row(&open, payloads.len());
        prop_assert!(outside.to_payload().unwrap().is_empty());
    }

    #[test]
    fn packed_they_are_the_columns_of_the_same_payloads(payloads in payloads()) {
        let packed = open(&payloads).unwrap().packed(payloads.len()).unwrap();
        let expected = Columns::from_payloads(&payloads).unwrap();
        prop_assert_eq!(format!("{:?}", packed.keys()), format!("{:?}", expected.keys()));
    }

    #[test]
    fn matching_is_asking_row_by_row(
        payloads in payloads(),
        predicates in prop::collection::vec(predicates(), 1..20),
        kept_of_4 in 0_u8..=4,
        seed in any::<u64>(),
    ) {
        let open = open(&payloads).unwrap();
        for predicate in predicates {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut before = RowMask::new();
            before.set_all(payloads.len());
            before.retain(|_| Ok::<_, ()>(random.u8(..4) < kept_of_4)).unwrap();
            let mut mask = before.clone();
            let answered = open.matching(&predicate, &mut Narrow::new(&mut mask));
            prop_assert_eq!(answered, predicate.path().is_some());
            let mut after = before.clone();
            after.retain(|row| predicate.matches_payload(&(&payloads[row]).into())).unwrap();
            prop_assert_eq!(&mask, if answered { &after } else { &before }, "{:?}", predicate);
        }
    }
}

#[test]
fn too_many_fields_are_refused() {
    let wide = |fields: usize| (0..fields).map(|n| (n.to_string(), 1)).collect::<Payload>();
    assert!(open(&[wide(KEYS_MAX)]).is_some());
    assert!(open(&[wide(KEYS_MAX), Payload::new().with("one more", 1)]).is_none());
}
