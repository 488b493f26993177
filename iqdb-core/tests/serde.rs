//! The documented representations, and that nothing invalid comes in by deserialising.
#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used)]

use iqdb_core::limits::{DIM_MAX, ID_BYTES_MAX, LIST_LEN_MAX, PAYLOAD_DEPTH_MAX, PAYLOAD_KEYS_MAX};
use iqdb_core::{
    Applied, Batch, Change, DateTime, Element, Filter, Hit, Map, Metric, Payload, Record, RecordId,
    Schema, Uuid, Value, Vector, Version,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

fn round_trip<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    assert_eq!(serde_json::from_str::<T>(&json(value)).unwrap(), *value);
    let bytes = postcard::to_stdvec(value).unwrap();
    assert_eq!(postcard::from_bytes::<T>(&bytes).unwrap(), *value);
}

fn refused<T: DeserializeOwned + std::fmt::Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).unwrap_err().to_string()
}

fn record() -> Record {
    Record::new("doc-42", [0.1, -0.0, f32::MIN_POSITIVE, f32::MAX])
        .unwrap()
        .with("null", Value::Null)
        .with("bool", true)
        .with("int", i64::MIN)
        .with("float", 0.1)
        .with("whole float", 2.0)
        .with("date", "2025-01-31T10:00:00.5Z".parse::<DateTime>().unwrap())
        .with("map", Map::new().with("a", [Map::new().with("b", 1)]).with("c", Map::new()))
        .with("$date", "not a date")
        .with("list", vec![Value::from(1), Value::from("a"), Value::Null])
}

/// One vector of each kind, in the order of the kinds.
fn vectors() -> [Vector; 6] {
    let dense = Vector::try_from([0.5, -1.0]).unwrap();
    let (f16, bf16) = (dense.to_f16().unwrap(), dense.to_bf16().unwrap());
    let i8 = Vector::try_from([1_i8, -128]).unwrap();
    let binary = Vector::binary(9, [0x81, 0x80]).unwrap();
    let sparse = Vector::sparse([3, 70_000], [0.5, -1.0]).unwrap();
    [dense, f16, bf16, i8, binary, sparse]
}

fn rich_schema() -> Schema {
    Schema::builder()
        .dense("title", 3, Metric::Cosine)
        .dense("bits", 64, Metric::Hamming)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .build()
        .unwrap()
}

#[test]
fn the_json_forms_are_stable() {
    let uuid = Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
    assert_eq!(json(&RecordId::from(7)), "7");
    assert_eq!(json(&RecordId::from("7")), r#""7""#);
    assert_eq!(json(&RecordId::from(uuid)), r#"{"uuid":"67e55044-10b1-426f-9247-bb680e5fe0c8"}"#);
    assert_eq!(
        json(&Schema::new(384, Metric::Cosine).unwrap()),
        r#"{"fields":[{"name":"vector","kind":{"dense":{"dim":384,"metric":"cosine","element":"f32"}}}]}"#
    );
    assert_eq!(
        json(&Record::new(1, [0.5, 1.0]).unwrap().with("tags", ["a"]).with("x", 2.0)),
        r#"{"id":1,"vector":[0.5,1.0],"payload":{"tags":["a"],"x":2.0}}"#
    );
    let date: DateTime = "2025-01-31T12:00:00+02:00".parse().unwrap();
    assert_eq!(json(&date), r#""2025-01-31T10:00:00Z""#);
    let map = |key: &str| Map::new().with(key, date);
    assert_eq!(
        json(&Value::from(map("a").with("$b", map("$c")))),
        r#"{"$b":{"$map":{"$c":{"$date":"2025-01-31T10:00:00Z"}}},"a":{"$date":"2025-01-31T10:00:00Z"}}"#
    );
    assert_eq!(
        json(&Value::from(map("$map").with("b", 1))),
        json(&Payload::from(map("$map").with("b", 1)))
    );
    let batch = Batch::new()
        .delete(1)
        .set_payload("a", Payload::new().with("n", 1))
        .expect_version(Version(3));
    assert_eq!(
        json(&batch),
        r#"{"changes":[{"delete":1},{"set_payload":["a",{"n":1}]}],"expected_version":3}"#
    );
    assert_eq!(
        json(&Change::Upsert(Record::new(1, [0.5]).unwrap())),
        r#"{"upsert":{"id":1,"vector":[0.5],"payload":{}}}"#
    );
    assert_eq!(
        json(&Applied::at(Version(3))),
        r#"{"version":3,"inserted":0,"replaced":0,"payload_set":0,"vectors_set":0,"deleted":0,"kept":0,"absent":0}"#
    );
    assert_eq!(
        json(&Hit { id: 1.into(), distance: 0.5, payload: None, vector: None }),
        r#"{"id":1,"distance":0.5,"payload":null,"vector":null}"#
    );
    let named = Record::without_vector(1).with_vector("image", [0.5]).unwrap();
    assert_eq!(json(&named), r#"{"id":1,"vectors":{"image":[0.5]},"payload":{}}"#);
    let forms: Vec<String> = vectors().iter().map(json).collect();
    assert_eq!(
        forms,
        [
            "[0.5,-1.0]",
            r#"{"f16":[0.5,-1.0]}"#,
            r#"{"bf16":[0.5,-1.0]}"#,
            r#"{"i8":[1,-128]}"#,
            r#"{"binary":{"dim":9,"bytes":[129,128]}}"#,
            r#"{"sparse":{"indices":[3,70000],"weights":[0.5,-1.0]}}"#,
        ]
    );
    let filter: Filter = r#"lang = "en""#.parse().unwrap();
    assert_eq!(json(&filter), r#""lang = \"en\"""#);
}

#[test]
fn the_binary_forms_are_stable() {
    // The kind is the first byte: reordering an enum would read old data as something else.
    fn bytes<T: Serialize>(value: &T) -> Vec<u8> {
        postcard::to_stdvec(value).unwrap()
    }
    assert_eq!(bytes(&RecordId::from(7)), [0, 7]);
    assert_eq!(bytes(&RecordId::from(Uuid::nil()))[0], 1);
    assert_eq!(bytes(&RecordId::from("a")), [2, 1, b'a']);
    let kinds: [Value; 8] = [
        Value::Null,
        true.into(),
        1.into(),
        0.5.into(),
        DateTime::MIN.into(),
        "a".into(),
        vec![true].into(),
        Map::new().into(),
    ];
    let first: Vec<u8> = kinds.iter().map(|value| bytes(value)[0]).collect();
    assert_eq!(first, [0, 1, 2, 3, 4, 5, 6, 7]);
    let vector = Record::new(1, [0.5]).unwrap();
    let changes = [
        Change::Upsert(vector),
        Change::Delete(1.into()),
        Change::SetPayload(1.into(), Payload::new()),
        Change::Insert(record()),
        Change::InsertIfAbsent(record()),
        Change::DeleteWhere(Filter::eq("a", 1)),
        Change::SetVectors(1.into(), vec![("a".into(), None)]),
    ];
    let first: Vec<u8> = changes.iter().map(|change| bytes(change)[0]).collect();
    assert_eq!(first, [0, 1, 2, 3, 4, 5, 6]);
    let first: Vec<u8> = Metric::ALL.iter().map(|metric| bytes(metric)[0]).collect();
    assert_eq!(first, [0, 1, 2, 3, 4]);
    let first: Vec<u8> = Element::ALL.iter().map(|element| bytes(element)[0]).collect();
    assert_eq!(first, [0, 1, 2, 3, 4]);
    let first: Vec<u8> = vectors().iter().map(|vector| bytes(vector)[0]).collect();
    assert_eq!(first, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn every_data_type_comes_back_as_it_went() {
    for id in [RecordId::from(u64::MAX), "".into(), "7".into(), Uuid::max().into()] {
        round_trip(&id);
    }
    for value in record().payload.iter().map(|(_, value)| value.clone()) {
        round_trip(&value);
    }
    round_trip(&record());
    round_trip(&Record::without_vector("a"));
    for vector in vectors() {
        round_trip(&vector);
        round_trip(&record().with_vector("named", vector).unwrap());
    }
    round_trip(&record().payload);
    round_trip(&Schema::new(3, Metric::Dot).unwrap());
    round_trip(&Schema::builder().build().unwrap());
    round_trip(&rich_schema());
    round_trip(&Change::Upsert(record()));
    round_trip(&Change::DeleteWhere("a = 1".parse().unwrap()));
    let vectors = vec![("a".into(), None), ("b".into(), Some(vectors()[3].clone()))];
    round_trip(&Change::SetVectors(1.into(), vectors));
    round_trip(&Batch::new().upsert(record()).delete(7).expect_version(Version(9)));
    round_trip(&Applied::at(Version(1)));
    round_trip(&"a = 1 or not b exists".parse::<Filter>().unwrap());
    round_trip(&Hit { id: 7.into(), distance: 0.1, payload: Some(record().payload), vector: None });
}

#[test]
fn a_vector_keeps_its_bits() {
    let vector = record().only_vector().unwrap().to_vector();
    let back: Vector = serde_json::from_str(&json(&vector)).unwrap();
    let bits =
        |vector: &Vector| vector.as_f32().unwrap().iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&vector));
}

#[test]
fn no_invalid_vector_comes_in() {
    for bad in ["[]", "[1e39]", "[1,null]", "[\"NaN\"]", "3"] {
        refused::<Vector>(bad);
    }
    let long = format!("[{}0]", "0,".repeat(DIM_MAX));
    assert!(refused::<Vector>(&long).contains("too long"));
    for bad in [
        r#"{}"#,
        r#"{"f32":[1]}"#,
        r#"{"f16":[]}"#,
        r#"{"f16":[65520]}"#,
        r#"{"f16":[0.1]}"#,
        r#"{"i8":[128]}"#,
        r#"{"i8":[1],"f16":[1]}"#,
        r#"{"binary":{"dim":9,"bytes":[255]}}"#,
        r#"{"binary":{"dim":1,"bytes":[255]}}"#,
        r#"{"sparse":{"indices":[2,1],"weights":[1,1]}}"#,
        r#"{"sparse":{"indices":[1],"weights":[0]}}"#,
        r#"{"sparse":{"indices":[1],"weights":[1],"more":1}}"#,
    ] {
        refused::<Vector>(bad);
    }
    let nan = postcard::to_stdvec(&(0_u8, vec![1.0, f32::NAN])).unwrap();
    assert!(postcard::from_bytes::<Vector>(&nan).is_err());
    assert!(postcard::from_bytes::<Vector>(&[6, 0]).is_err());
    // A length of 2^60 with nothing behind it must not be believed.
    let claim = postcard::to_stdvec(&(0_u8, 1_u64 << 60)).unwrap();
    assert!(postcard::from_bytes::<Vector>(&claim).is_err());
}

#[test]
fn no_invalid_id_comes_in() {
    for bad in ["-1", "1.5", "18446744073709551616", "null", "{}", "[1]"] {
        refused::<RecordId>(bad);
    }
    refused::<RecordId>(r#"{"uuid":"x"}"#);
    refused::<RecordId>(r#"{"uuid":"67e55044-10b1-426f-9247-bb680e5fe0c8","more":1}"#);
    let id = |length: usize| format!("\"{}\"", "x".repeat(length));
    assert!(serde_json::from_str::<RecordId>(&id(ID_BYTES_MAX)).is_ok());
    refused::<RecordId>(&id(ID_BYTES_MAX + 1));
}

#[test]
fn no_invalid_payload_comes_in() {
    for bad in [
        "[]",
        r#"{"a":1e999}"#,
        r#"{"a":{"":1}}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":{"$date":"2025-02-29"}}"#,
        r#"{"a":{"$date":7}}"#,
        r#"{"a":{"$date":{"$date":"2025-01-31"}}}"#,
        r#"{"a":{"$map":7}}"#,
        r#"{"a":{"$b":7}}"#,
        r#"{"a":{"$map":{},"$map":{}}}"#,
        r#"{"a":{"$map":1,"$map":{}}}"#,
        r#"{"":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":9223372036854775808}"#,
    ] {
        refused::<Payload>(bad);
    }
    for open in ["[", "{\"a\":", "{\"$map\":"] {
        let nested = format!("{{\"a\":{}1", open.repeat(100));
        assert!(refused::<Payload>(&nested).contains("too deeply"), "{open}");
    }
    refused::<Value>(&format!("[{}0]", "0,".repeat(LIST_LEN_MAX)));
    let wide: Vec<_> = (0..=PAYLOAD_KEYS_MAX).map(|n| format!("\"{n}\":0")).collect();
    refused::<Payload>(&format!("{{{}}}", wide.join(",")));
    let nan = postcard::to_stdvec(&Value::Float(f64::NAN)).unwrap();
    assert!(postcard::from_bytes::<Value>(&nan).is_err());
}

#[test]
fn a_map_and_a_date_are_told_apart() {
    let date = Value::from("2025-01-31".parse::<DateTime>().unwrap());
    let text = || Map::new().with("$date", "2025-01-31");
    for (json, value) in [
        (r#"{"$date":"2025-01-31"}"#, date.clone()),
        (r#"{"$date":"2025-01-31T01:00:00+01:00"}"#, date.clone()),
        (r#"{"$map":{"$date":"2025-01-31"}}"#, text().into()),
        (r#"{"$map":{"a":1}}"#, Map::new().with("a", 1).into()),
        (
            r#"{"$map":{"$map":{"$date":"2025-01-31"}}}"#,
            Map::new().with("$map", date.clone()).into(),
        ),
        (
            r#"{"$map":{"$map":{"$map":{"$x":1}}}}"#,
            Map::new().with("$map", Map::new().with("$x", 1)).into(),
        ),
        // With a second key none of them has a meaning of its own, but what they hold does.
        (r#"{"$date":"2025-01-31","a":1}"#, text().with("a", 1).into()),
        (
            r#"{"$map":{"$date":"2025-01-31"},"a":1}"#,
            Map::new().with("$map", date.clone()).with("a", 1).into(),
        ),
        (
            r#"{"a":1,"$map":{"$date":"2025-01-31"}}"#,
            Map::new().with("$map", date.clone()).with("a", 1).into(),
        ),
        (
            r#"{"$map":{"$map":{"$date":"2025-01-31"}},"a":1}"#,
            Map::new().with("$map", text()).with("a", 1).into(),
        ),
        (r#"{"$map":7,"a":1}"#, Map::new().with("$map", 7).with("a", 1).into()),
    ] {
        assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value, "{json}");
        round_trip(&value);
        round_trip(&Value::from(vec![value.clone()]));
        round_trip(&Payload::new().with("$map", value));
    }
}

#[test]
fn the_deepest_value_comes_back_however_it_is_written() {
    for key in ["a", "$date", "$map"] {
        let nested = |depth: usize| {
            (1..depth).fold(Value::from(1), |value, _| Map::new().with(key, value).into())
        };
        round_trip(&nested(PAYLOAD_DEPTH_MAX));
        round_trip(&Payload::new().with(key, nested(PAYLOAD_DEPTH_MAX)));
        assert!(serde_json::to_string(&nested(1_000)).is_err());
        let deeper = json(&nested(PAYLOAD_DEPTH_MAX + 1));
        assert!(refused::<Value>(&deeper).contains("too deeply"), "{key}");
    }
    let binary = |depth: u8| [[6, 1].repeat(depth.into()), vec![0]].concat();
    assert!(postcard::from_bytes::<Value>(&binary(15)).is_ok());
    for depth in [16, 250] {
        assert!(postcard::from_bytes::<Value>(&binary(depth)).is_err());
    }
}

#[test]
fn no_invalid_schema_filter_or_record_comes_in() {
    let dense = |name: &str, dim: u32, metric: &str| {
        format!(
            r#"{{"name":"{name}","kind":{{"dense":{{"dim":{dim},"metric":"{metric}","element":"f32"}}}}}}"#
        )
    };
    let schema = |fields: &[String]| format!(r#"{{"fields":[{}]}}"#, fields.join(","));
    assert!(serde_json::from_str::<Schema>(&schema(&[dense("a", 3, "dot")])).is_ok());
    for (name, dim, metric) in
        [("", 3, "dot"), ("a", 0, "dot"), ("a", 65_537, "dot"), ("a", 3, "l1"), ("a", 3, "jaccard")]
    {
        refused::<Schema>(&schema(&[dense(name, dim, metric)]));
    }
    refused::<Schema>(&schema(&[dense("a", 3, "dot"), dense("a", 3, "dot")]));
    refused::<Schema>(&schema(&vec![dense("a", 3, "dot"); 17]));
    assert!(refused::<Filter>(r#""a = ""#).contains("column 5"));
    let nan = Hit { id: 1.into(), distance: f64::NAN, payload: None, vector: None };
    assert!(postcard::from_bytes::<Hit>(&postcard::to_stdvec(&nan).unwrap()).is_err());
    refused::<Record>(r#"{"id":1,"vector":[]}"#);
    refused::<Record>(r#"{"id":1,"vector":[1],"payloads":{}}"#);
    refused::<Record>(r#"{"id":1,"vector":[1],"vectors":{"vector":[1]}}"#);
    assert!(serde_json::from_str::<Record>(r#"{"id":1}"#).is_ok());
    assert!(serde_json::from_str::<Record>(r#"{"id":1,"vector":[1]}"#).is_ok());
}
