//! What resuming promises, over a database in memory.

use iqdb::{Element, Iqdb, Metric, Record, Schema};
use proptest::prelude::*;

use super::{Imported, Options, import};
use crate::input::JsonlReader;

fn database() -> Iqdb {
    Iqdb::open_in_memory(Schema::new(2, Metric::Dot).unwrap()).unwrap()
}

fn import_text(database: &Iqdb, text: &str, batch_rows: usize, resume: bool) -> Imported {
    let mut reader = JsonlReader::new("words.jsonl", text.as_bytes(), text.len() as u64);
    let mut imported = Imported::default();
    let options = Options { batch_rows, resume, ids: None };
    import(database, &mut reader, &options, &mut imported, &mut |_| {}).unwrap();
    imported
}

fn contents(database: &Iqdb) -> Vec<String> {
    let records = database.scroll().limit(usize::MAX).run().unwrap().records;
    // As JSON, in which -0.0 is not 0.0.
    records.iter().map(|record| serde_json::to_string(record).unwrap()).collect()
}

const TEN: &str = r#"{"id":0,"vector":[0,1]}
{"id":1,"vector":[1,1],"n":1}
{"id":2,"vector":[2,1],"n":-0.0}
{"id":3,"vector":[3,1]}
{"id":4,"vector":[4,-0.0]}
{"id":5,"vector":[5,1]}
{"id":6,"vector":[6,1]}
{"id":7,"vector":[7,1]}
{"id":8,"vector":[8,1]}
{"id":9,"vector":[9,1]}
"#;

#[test]
fn rows_up_to_the_first_that_is_absent_or_differs_are_left_out() {
    let whole = database();
    import_text(&whole, TEN, 3, false);
    let changed = |change: &dyn Fn(&Iqdb)| {
        let database = database();
        database.upsert(Record::new("other", [7.0, 7.0]).unwrap()).unwrap();
        import_text(&database, TEN, 3, false);
        change(&database);
        let imported = import_text(&database, TEN, 4, true);
        assert!(database.delete("other").unwrap());
        assert_eq!(contents(&database), contents(&whole));
        assert_eq!(imported.rows, 10);
        (imported.resumed, imported.inserted, imported.replaced)
    };
    assert_eq!(changed(&|_| {}), (10, 0, 0));
    let delete = |id: u64| move |database: &Iqdb| assert!(database.delete(id).unwrap());
    assert_eq!(changed(&delete(0)), (0, 1, 9));
    assert_eq!(changed(&delete(5)), (5, 1, 4));
    assert_eq!(changed(&delete(9)), (9, 1, 0));
    let replace = |record: Record| {
        move |database: &Iqdb| assert_eq!(database.upsert(record.clone()).unwrap().replaced, 1)
    };
    assert_eq!(changed(&replace(Record::new(6, [6.0, 2.0]).unwrap())), (6, 0, 4));
    assert_eq!(changed(&replace(Record::new(6, [6.0, 1.0]).unwrap().with("n", 1))), (6, 0, 4));
    assert_eq!(changed(&replace(Record::new(4, [4.0, 0.0]).unwrap())), (4, 0, 6));
    assert_eq!(changed(&replace(Record::new(2, [2.0, 1.0]).unwrap().with("n", 0.0))), (2, 0, 8));
    assert_eq!(changed(&replace(Record::new(1, [1.0, 1.0]).unwrap().with("n", 1.0))), (1, 0, 9));
}

#[test]
fn a_vector_that_differs_in_a_bit_is_written_again() {
    let schema = Schema::builder()
        .dense("vector", 1, Metric::Dot)
        .dense("half", 1, Metric::Dot)
        .element(Element::F16)
        .dense("brain", 1, Metric::Dot)
        .element(Element::BF16)
        .dense("small", 1, Metric::Dot)
        .element(Element::I8)
        .dense("bits", 2, Metric::Hamming)
        .element(Element::Binary)
        .sparse("terms", Metric::Dot)
        .build()
        .unwrap();
    let line = |vectors: &str| format!("{{\"id\":1,\"vectors\":{{{vectors}}}}}\n");
    let resumed = |stored: &str, file: &str| {
        let database = Iqdb::open_in_memory(schema.clone()).unwrap();
        import_text(&database, &line(stored), 1, false);
        import_text(&database, &line(file), 1, true).resumed
    };
    for (stored, file) in [
        (r#""vector":[0]"#, r#""vector":[-0.0]"#),
        (r#""half":{"f16":[0]}"#, r#""half":{"f16":[-0.0]}"#),
        (r#""brain":{"bf16":[0]}"#, r#""brain":{"bf16":[-0.0]}"#),
        (r#""small":{"i8":[1]}"#, r#""small":{"i8":[0]}"#),
        (
            r#""bits":{"binary":{"dim":2,"bytes":[64]}}"#,
            r#""bits":{"binary":{"dim":2,"bytes":[128]}}"#,
        ),
        (
            r#""terms":{"sparse":{"indices":[1],"weights":[1]}}"#,
            r#""terms":{"sparse":{"indices":[2],"weights":[1]}}"#,
        ),
        (r#""vector":[0],"small":{"i8":[1]}"#, r#""vector":[0]"#),
        ("", r#""vector":[0]"#),
    ] {
        assert_eq!((resumed(stored, stored), resumed(file, file)), (1, 1), "{stored}");
        assert_eq!((resumed(stored, file), resumed(file, stored)), (0, 0), "{stored} and {file}");
    }
}

proptest! {
    #[test]
    fn a_resumed_import_ends_as_a_whole_one_does(
        // Few ids, so that most come twice, in one batch and across them.
        rows in prop::collection::vec((0_u64..12, 0_u8..3), 1..40),
        written in 0_usize..40,
        batches in (1_usize..9, 1_usize..9),
        disturbed in prop::collection::vec((0_u64..12, prop::option::of(0_u8..3)), 0..3),
    ) {
        let line = |(id, x): &(u64, u8)| format!("{{\"id\":{id},\"vector\":[{x},1]}}\n");
        let text: String = rows.iter().map(line).collect();
        let begun: String = rows.iter().take(written).map(line).collect();
        let whole = database();
        import_text(&whole, &text, batches.0, false);

        let resumed = database();
        import_text(&resumed, &begun, batches.0, false);
        for (id, x) in disturbed {
            match x {
                // Whatever is not in the file stays as it is, so nothing else is written.
                _ if rows.iter().all(|row| row.0 != id) => {}
                None => drop(resumed.delete(id).unwrap()),
                Some(x) => {
                    resumed.upsert(Record::new(id, [f32::from(x), 1.0]).unwrap()).unwrap();
                }
            }
        }
        let imported = import_text(&resumed, &text, batches.1, true);
        prop_assert_eq!(contents(&resumed), contents(&whole));
        prop_assert_eq!(imported.rows, rows.len() as u64);
        prop_assert_eq!(
            imported.resumed + imported.inserted + imported.replaced,
            rows.len() as u64
        );
    }
}
