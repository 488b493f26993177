//! Tests of rows.

use super::*;
use crate::{Element, Metric, PayloadColumns, RecordId, ValueRef, Vector};

#[test]
fn a_block_lends_the_records_that_it_was_made_of() {
    let schema = Schema::builder()
        .dense("vector", 2, Metric::Cosine)
        .dense("half", 1, Metric::Dot)
        .element(Element::F16)
        .dense("bits", 9, Metric::Jaccard)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .dense("nothing", 3, Metric::Dot)
        .element(Element::BF16)
        .build()
        .unwrap();
    let half = Vector::try_from([0.5]).unwrap().to_f16().unwrap();
    let records = [
        Record::new(1, [1.0, -0.0]).unwrap().with("n", 1),
        Record::without_vector("b").with("n", 2),
        Record::new("c", [2.0, 0.0])
            .and_then(|r| r.with_vector("half", half))
            .and_then(|r| r.with_vector("bits", Vector::binary(9, [0x81, 0x80])?))
            .unwrap(),
        Record::without_vector(4)
            .with_vector("terms", Vector::sparse([3, 70_000], [0.5, -1.0]).unwrap())
            .unwrap(),
    ];
    let source = Rows::of_records(&schema, &records).unwrap();
    let block = source.block(Version(1)).unwrap();
    for (row, record) in records.iter().enumerate() {
        assert_eq!(block.record(row).unwrap().to_record().unwrap(), *record);
    }
    let lent: Vec<_> = schema
        .iter()
        .map(|(id, _)| block.column(id).unwrap().map(|c| c.rows_of().unwrap().to_vec()))
        .collect();
    assert_eq!(lent, [Some(vec![0, 2]), Some(vec![2]), Some(vec![2]), Some(vec![3]), None]);
}

#[test]
fn a_record_that_does_not_fit_is_refused() {
    let schema = Schema::new(2, Metric::Dot).unwrap();
    assert!(Rows::of_records(&schema, &[Record::new(1, [1.0]).unwrap()]).is_err());
}

fn three() -> Rows {
    Rows::with_ids(&Schema::new(2, Metric::Cosine).unwrap(), vec![7, 8, 9]).unwrap()
}

#[test]
fn rows_that_are_built_by_columns_are_those_of_their_records() {
    let payloads = [1, 2, 3].map(|n| Payload::new().with("n", n).with("a", [n, n]));
    let rows = three()
        .with_vectors("vector", vec![1.0_f32, 0.0, 2.0, 0.0, 3.0, -0.0])
        .and_then(|rows| rows.with_payloads(&payloads))
        .unwrap();
    let records = [1_u8, 2, 3].map(|n| {
        let components = [f32::from(n), if n == 3 { -0.0 } else { 0.0 }];
        let record = Record::new(u64::from(n) + 6, components).unwrap();
        record.with_payload(payloads[usize::from(n) - 1].clone())
    });
    assert_eq!(rows, Rows::of_records(rows.schema(), &records).unwrap());
    let read = rows.records().map(|record| record.unwrap().to_record().unwrap());
    assert_eq!(read.collect::<Vec<_>>(), records);
    let get = |key: &str| rows.payload(2).get(key).unwrap().map(ValueRef::to_value);
    assert_eq!((get("n"), get("m")), (Some(3.into()), None));
    let lists = rows.payload(0).get("a").unwrap().map(ValueRef::to_value);
    assert_eq!(lists, Some([1, 1].into()));
}

#[test]
fn what_can_not_be_stored_is_refused_and_the_record_is_named() {
    let zero = three().with_vectors("vector", vec![1.0_f32, 0.0, 0.0, 0.0, 1.0, 1.0]);
    let zero = zero.unwrap_err();
    assert_eq!((zero.kind(), zero.id()), (ErrorKind::InvalidVector, Some(&8.into())));
    let nan = three().with_vectors("vector", vec![1.0_f32, 0.0, 1.0, 0.0, f32::NAN, 1.0]);
    let nan = nan.unwrap_err();
    assert_eq!((nan.kind(), nan.id()), (ErrorKind::InvalidVector, Some(&9.into())));
    for components in [vec![1.0_f32; 5], vec![1.0; 4], vec![1.0; 8], vec![]] {
        let error = three().with_vectors("vector", components).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidVector);
    }
    let other = three().with_vectors("vector", vec![1_i8; 6]).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::ElementMismatch);
    let unknown = three().with_vectors("image", vec![1.0_f32; 6]).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::UnknownField);
    let bad = Payload::new().with("", 1);
    let bad = three().with_payloads([&Payload::new(), &bad, &Payload::new()]).unwrap_err();
    assert_eq!((bad.kind(), bad.id()), (ErrorKind::InvalidPayload, Some(&8.into())));
    for count in [2, 4] {
        let payloads = vec![Payload::new(); count];
        let error = three().with_payloads(&payloads).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    }
    let long: IdColumn = [RecordId::from("x".repeat(513))].into_iter().collect();
    let error = Rows::with_ids(&Schema::new(1, Metric::Dot).unwrap(), long).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidId);
}

#[test]
fn a_record_that_is_refused_leaves_the_rows_as_they_were() {
    let schema = Schema::builder()
        .dense("vector", 1, Metric::Dot)
        .sparse("terms", Metric::Dot)
        .build()
        .unwrap();
    let terms = |n: u32| Vector::sparse([n], [1.0]).unwrap();
    let good = |id: u64| {
        Record::new(id, [1.0]).unwrap().with_vector("terms", terms(3)).unwrap().with("n", 1)
    };
    let mut rows = Rows::of_records(&schema, &[good(1)]).unwrap();
    let before = rows.clone();
    assert!(rows.push(&good(2).with_vector("terms", [1.0]).unwrap()).is_err());
    assert!(rows.push(&good(2).with("", 1)).is_err());
    assert_eq!(rows, before);
    // A column that the record's vector was in already gives it back.
    struct Broken;
    impl PayloadColumns for Broken {
        fn entry_at(&self, _: usize, n: usize) -> Result<Option<(&str, ValueRef<'_>)>> {
            match n {
                0 => Ok(Some(("n", ValueRef::Int(1)))),
                _ => Err(Error::new(ErrorKind::Damaged, "unreadable")),
            }
        }
        fn get(&self, _: usize, _: &str) -> Result<Option<ValueRef<'_>>> {
            Ok(None)
        }
    }
    assert!(rows.payloads.push(&PayloadRef::of_row(&Broken, 0)).is_err());
    rows.columns[1].push(1, terms(5).as_ref()).unwrap();
    rows.columns[1].pop(1);
    rows.columns[1].pop(1);
    assert_eq!(rows, before);
    rows.push(&good(2)).unwrap();
    assert_eq!(rows, Rows::of_records(&schema, &[good(1), good(2)]).unwrap());
}

#[test]
fn rows_fit_a_schema_that_has_their_fields() {
    let rows = three().with_vectors("vector", vec![1.0_f32; 6]).unwrap();
    let fits = |schema: &Schema| rows.check_fits(schema).map_err(|error| error.kind());
    let schema =
        |dim| Schema::builder().sparse("terms", Metric::Dot).dense("vector", dim, Metric::Dot);
    assert_eq!(fits(rows.schema()), Ok(()));
    assert_eq!(fits(&schema(2).build().unwrap()), Ok(()));
    assert_eq!(fits(&schema(3).build().unwrap()), Err(ErrorKind::DimensionMismatch));
    let half = schema(2).element(Element::F16).build().unwrap();
    assert_eq!(fits(&half), Err(ErrorKind::ElementMismatch));
    let sparse = Schema::builder().sparse("terms", Metric::Dot).build().unwrap();
    assert_eq!(fits(&sparse), Err(ErrorKind::UnknownField));
    assert!(three().check_fits(&sparse).is_ok());
}

#[test]
fn reset_rows_are_filled_anew() {
    let mut rows = three().with_vectors("vector", vec![1.0_f32; 6]).unwrap();
    rows.reset(&rows.schema().clone());
    assert_eq!(rows, Rows::new(rows.schema()));
    let record = Record::new("a", [1.0, 2.0]).unwrap();
    rows.push(&record).unwrap();
    assert_eq!(rows.record(0).unwrap().to_record().unwrap(), record);
    let other = Schema::new(1, Metric::Dot).unwrap();
    rows.reset(&other);
    assert_eq!((rows.schema(), rows.len()), (&other, 0));
}

#[test]
fn parts_that_were_not_asked_for_are_left_out() {
    let record = Record::new(1, [1.0, 2.0]).unwrap().with("n", 1);
    let mut rows = three();
    rows.reset(&rows.schema().clone());
    let field = rows.schema().default_field().unwrap();
    for parts in [Parts::ID, Parts::ID.with_payload(), Parts::ID.with_field(field), Parts::ALL] {
        rows.push_parts(&(&record).into(), parts).unwrap();
    }
    let found: Vec<_> = rows
        .records()
        .map(|record| record.unwrap().to_record().unwrap())
        .map(|record| (record.vector("vector").is_some(), record.payload.len()))
        .collect();
    assert_eq!(found, [(false, 0), (false, 1), (true, 0), (true, 1)]);
}
