//! Retrieval for generation: the passages that a language model is given beside a question.
//!
//! `cargo run -p iqdb --example rag -- "how do foxes sleep?"` asks for passages that are about the question or
//! say its words, newer ones first where all else is equal, and for the two best passages of each document.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

use iqdb::{Analyzer, FusedHit, Iqdb, Metric, Payload, Record, Result, Schema};

const DIM: usize = 256;

/// Document, year, passage.
const PASSAGES: [(&str, i64, &str); 6] = [
    ("foxes", 2024, "Foxes sleep curled up in the open, with the tail around the nose."),
    ("foxes", 2024, "A red fox hunts at dusk and hides what it can't eat."),
    ("foxes", 2024, "Young foxes leave the den in autumn."),
    ("dogs", 2019, "A dog sleeps half of the day, and old dogs sleep more."),
    ("dogs", 2019, "Dogs and foxes have a common ancestor."),
    ("archive", 1987, "Of the sleep of foxes little is known."),
];

/// Stands for an embedding model: counts the groups of three letters of a text, by their hashes.
fn embed(text: &str) -> Vec<f32> {
    let mut vector = vec![0.0; DIM];
    for group in text.to_lowercase().as_bytes().windows(3) {
        let hash = group.iter().fold(7, |hash: usize, byte| hash * 31 + usize::from(*byte));
        vector[hash % DIM] += 1.0;
    }
    vector
}

fn filled() -> Result<Iqdb> {
    let schema =
        Schema::builder().dense("vector", DIM, Metric::Cosine).text("body", Analyzer::words());
    let db = Iqdb::open_in_memory(schema.build()?)?;
    for (id, (document, year, passage)) in (1_u64..).zip(PASSAGES) {
        let record = Record::new(id, embed(passage))?.with("body", passage);
        db.upsert(record.with("document", document).with("year", year))?;
    }
    Ok(db)
}

/// The three best passages since 2000 by meaning and by words, ranked again by their age.
fn context(db: &Iqdb, question: &str) -> Result<Vec<FusedHit>> {
    let hybrid = db.hybrid().dense("vector", embed(question)).text("body", question);
    let hybrid = hybrid.filter("year >= 2000").rerank(20, "score + 0.01 * exp(year, 2024, 5)");
    hybrid.k(3).with_payload().run()
}

fn passage(payload: Option<&Payload>) -> String {
    payload.and_then(|payload| payload.get("body")).map(ToString::to_string).unwrap_or_default()
}

fn main() -> Result<()> {
    let question = std::env::args().nth(1).unwrap_or_else(|| "how do foxes sleep".to_owned());
    let db = filled()?;
    println!("Passages for {question:?}:");
    for hit in context(&db, &question)? {
        println!("{:8.4}  {}", hit.score, passage(hit.payload.as_ref()));
    }
    for group in db.query(embed(&question)).with_payload().group_by("document", 3, 2)? {
        println!("Of {}:", group.value);
        for hit in group.hits {
            println!("{:8.4}  {}", hit.distance, passage(hit.payload.as_ref()));
        }
    }
    Ok(())
}

#[test]
fn the_passage_that_answers_comes_first_and_old_ones_are_left_out() -> Result<()> {
    let hits = context(&filled()?, "how do foxes sleep")?;
    assert!(hits[0].id == 1 && hits.len() == 3 && hits.iter().all(|hit| hit.id != 6));
    main()
}
