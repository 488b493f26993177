//! A test as the suite prints it, with every kind of operation and of value. It is compiled, and
//! passes on a sound store.

use super::sound::conformance_harness;

#[test]
fn every_kind_of_value() {
    use iqdb_conformance::{Operation, Question, replay};
    use iqdb_core::{Batch, DateTime, Goal, Map, Metric, Payload, Record, RecordId, Schema, Uuid, Value, Version};

    let schema = Schema::new(3, Metric::Dot).unwrap();
    let operations = vec![
        Operation::Apply(Batch::new()),
        Operation::Apply(Batch::new()
            .upsert(Record::new(Uuid::from_u128(0x7), [-0.0, 3.4028235e38, 1e-45]).unwrap().with("a b", -0.0_f64))
            .upsert(Record::new("\0\"\\", [0.1, 1.0, 1e30]).unwrap().with("none", Value::Null))
            .set_payload(18446744073709551615, Payload::new().with("list", Value::from(vec![Value::Null, Value::from(1_i64), Value::from(Map::new().with("a", DateTime::from_micros(-1).unwrap()).with("b", Value::from(Vec::<Value>::new())))])))
            .set_payload("x".repeat(600), Payload::new().with("nan", f64::NAN).with("yes", true))
            .delete(7)
            .expect_version(Version(1))),
        Operation::Get(RecordId::from(Uuid::from_u128(0x7))),
        Operation::Count("not lang = \"\\\"en\\\"\" or x exists".parse().unwrap()),
        Operation::KeepSnapshot,
        Operation::DeleteWhere("not lang = \"\\\"en\\\"\" or x exists".parse().unwrap()),
        Operation::Search(vec![Question::new([1.0, 2.0, 3.0], Goal::Nearest { k: usize::MAX }).unwrap().with_filter("not lang = \"\\\"en\\\"\" or x exists".parse().unwrap()).with_payload(true), Question::new([0.0, 0.0, 1.0], Goal::Within { distance: 0.1_f64, limit: 9 }).unwrap().with_threads(7)]),
        Operation::CheckSnapshots,
        Operation::Flush,
        Operation::Reopen { after_kill: true },
    ];
    replay(&conformance_harness(), schema, operations);
}
