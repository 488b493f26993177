//! A test as the suite printed it, for payloads that are merged instead of being replaced. It is
//! compiled and fails, which is what it is for.

use super::conformance_harness;

#[should_panic(expected = "planted, step 1, in Operation::Apply")]
#[test]
fn shrunk_from_seed_0() {
    use iqdb_conformance::{Operation, replay};
    use iqdb_core::{Batch, Payload, Record, Schema};

    let schema = Schema::builder().build().unwrap();
    let operations = vec![
        Operation::Apply(Batch::new()
            .upsert(Record::without_vector(0).with("x", 1_i64))),
        Operation::Apply(Batch::new()
            .set_payload(0, Payload::new())),
    ];
    replay(&conformance_harness(), schema, operations);
}
