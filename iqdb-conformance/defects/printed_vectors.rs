//! A test as the suite prints it, with every kind of field and of vector. It is compiled, and passes
//! on a sound store.

use super::sound::conformance_harness;

#[test]
fn every_kind_of_vector() {
    use iqdb_conformance::{Operation, Question, replay};
    use iqdb_core::{Batch, Element, Goal, Metric, Record, Schema, Vector, bf16, f16};

    let schema = Schema::builder().dense("f16", 1, Metric::Cosine).element(Element::F16).dense("bf16", 1, Metric::Dot).element(Element::BF16).dense("i8", 2, Metric::Euclidean).element(Element::I8).dense("bits", 9, Metric::Hamming).element(Element::Binary).sparse("terms", Metric::Dot).build().unwrap();
    let operations = vec![
        Operation::Apply(Batch::new()
            .upsert(Record::without_vector(1).with_vector("bf16", [bf16::from_f32(3.3895314e38)]).unwrap().with_vector("bits", Vector::binary(9, [0x81, 0x80]).unwrap()).unwrap().with_vector("f16", [f16::from_f32(0.5)]).unwrap().with_vector("i8", [-128_i8, 7_i8]).unwrap().with_vector("terms", Vector::sparse([3, 70000], [0.5, -1.0]).unwrap()).unwrap())
            .insert_if_absent(Record::without_vector("a"))
            .set_vectors(1, vec![("f16".into(), None), ("i8".into(), Some([1_i8, 0_i8].try_into().unwrap()))])
            .delete_where("x exists".parse().unwrap())),
        Operation::Search(vec![Question::new(Vector::sparse([3], [1.0]).unwrap(), Goal::Nearest { k: 2 }).unwrap().with_field("terms")]),
    ];
    replay(&conformance_harness(), schema, operations);
}
