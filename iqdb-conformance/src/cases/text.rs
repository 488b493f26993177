//! Queries for text: scores and statistics, phrases, signs and filters, over whatever blocks a store lends.

use fastrand::Rng;
use iqdb_core::text::{Bm25, TextQuery};
use iqdb_core::{
    Analyzer, Batch, Budget, ErrorKind, Field, Filter, Hits, Metric, Payload, Query, Record,
    RecordId, Result, Schema, Scratch, Snapshot, Value, Vector,
};

use super::added_fields;
use crate::check::exact::assert_hits;
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::generate::corpus;
use crate::{Harness, Model, Outcome};

const NOT_KEPT: Outcome = Outcome::NotPromised("it keeps no computed fields");
const NOT_ASKED: Outcome = Outcome::NotPromised("its search knows no text");

/// Words, the first of them in most texts and the last in few.
const WORDS: [&str; 12] =
    ["the", "fox", "red", "dog", "Lazy", "jumps", "over", "ÉTÉ", "東京都", "can't", "3.14", "rare"];

fn schema() -> Result<Schema> {
    Schema::builder()
        .dense("vector", 2, Metric::Euclidean)
        .text("body", Analyzer::words())
        .text("notes", Analyzer::words())
        .source("doc.notes[].text")
        .build()
}

/// Why nothing is asked of this backend and search; `None` if something is.
pub(super) fn not_promised(harness: &Harness) -> Result<Option<Outcome>> {
    if !harness.limits()?.computed() {
        return Ok(Some(NOT_KEPT));
    }
    let pair = Differential::new(harness, &schema()?)?;
    let text = TextQuery::parse("fox", Analyzer::words())?;
    let query = Query::nearest(&text, 1).with_field("body");
    let (snapshot, mut hits) = (pair.site.snapshot()?, [Hits::new()]);
    match pair.search().search(&*snapshot, &[query], &mut hits, &mut Scratch::new()) {
        Err(error) if error.kind() == ErrorKind::NotSupported => Ok(Some(NOT_ASKED)),
        _ => Ok(None),
    }
}

macro_rules! unless_promised {
    ($harness:expr) => {
        if let Some(outcome) = not_promised($harness)? {
            return Ok(outcome);
        }
    };
}

fn words(rng: &mut Rng, most: usize) -> String {
    let word = |rng: &mut Rng| WORDS[rng.usize(..WORDS.len()).min(rng.usize(..WORDS.len()))];
    let count = rng.usize(..=most);
    (0..count).map(|_| word(rng)).collect::<Vec<_>>().join(" ")
}

/// A text, a list of texts and others, or no text.
fn text(rng: &mut Rng) -> Value {
    match rng.u8(..8) {
        0 => Value::from(7),
        1 => vec![words(rng, 3).into(), Value::Null, words(rng, 3).into(), words(rng, 2).into()]
            .into(),
        _ => words(rng, 9).into(),
    }
}

fn payload(rng: &mut Rng) -> Payload {
    let mut payload = Payload::new().with("n", i64::from(rng.u8(..4)));
    if rng.u8(..6) > 0 {
        payload.insert("body", text(rng));
    }
    if rng.bool() {
        let notes: Vec<Value> = (0..rng.u8(..3))
            .map(|_| Payload::new().with("text", text(rng)).as_map().clone().into())
            .collect();
        payload.insert("doc", Payload::new().with("notes", notes).as_map().clone());
    }
    payload
}

fn record(rng: &mut Rng, id: RecordId) -> Result<Record> {
    Ok(Record::new(id, [f32::from(rng.u8(..4)), 0.0])?.with_payload(payload(rng)))
}

/// A store and a model after many writes, which leave dead rows where a backend keeps any.
fn written(harness: &Harness, count: u64, seed: u64) -> Result<Differential<'_>> {
    let mut rng = Rng::with_seed(seed);
    let mut pair = Differential::new(harness, &schema()?)?;
    for first in (0..count).step_by(9) {
        let records = (first..count.min(first + 9)).map(|n| record(&mut rng, corpus::id(n)));
        let records = records.collect::<Result<Vec<_>>>()?;
        pair.apply(&records.into_iter().fold(Batch::new(), Batch::upsert))?;
    }
    for n in 0..count / 2 {
        let id = corpus::id(rng.u64(..count));
        let batch = Batch::new();
        pair.apply(&match n % 5 {
            0 => batch.delete(id),
            1 => batch.set_payload(id, payload(&mut rng)),
            2 => batch.merge_payload(id, Payload::new().with("body", text(&mut rng))),
            3 => batch.upsert(record(&mut rng, id)?),
            _ => batch.delete(&id).upsert(record(&mut rng, id)?),
        })?;
    }
    Ok(pair)
}

/// Queries of every sort.
fn questions(rng: &mut Rng, count: usize) -> Vec<String> {
    let mut questions: Vec<String> = [
        "the",
        "rare",
        "",
        "absent",
        "fox red",
        "\"the the\"",
        "+the -fox",
        "red \"fox red\" +dog",
    ]
    .map(String::from)
    .to_vec();
    while questions.len() < count {
        let mut parts = vec![words(rng, 3)];
        for _ in 0..rng.u8(..3) {
            let sign = ["", "+", "-"][rng.usize(..3)];
            let quote = if rng.bool() { "\"" } else { "" };
            let some = if quote.is_empty() { WORDS[rng.usize(..6)].into() } else { words(rng, 3) };
            parts.push(format!("{sign}{quote}{some}{quote}"));
        }
        questions.push(parts.join(" "));
    }
    questions
}

/// Panics unless the search answers all questions as the model does.
fn check_answers(
    pair: &Differential<'_>,
    (snapshot, model): (&dyn Snapshot, &Model),
    questions: &[String],
) -> Result<()> {
    let filter: Filter = "n >= 2".parse()?;
    let mut scratch = Scratch::new();
    for question in questions {
        // Some have no word but behind a `-`.
        let Ok(text) = TextQuery::parse(question, Analyzer::words()) else { continue };
        let other = text.clone().with_bm25(Bm25 { k1: 0.9, b: 0.4 });
        let flat = text.clone().with_bm25(Bm25 { k1: 0.0, b: 1.0 });
        let queries = [
            Query::nearest(&text, usize::MAX).with_field("body"),
            Query::nearest(&text, 3).with_field("body").with_payload(true),
            Query::nearest(&text, 4).with_field("body").with_filter(&filter),
            Query::within(&text, -0.5, usize::MAX).with_field("body").with_threads(2),
            Query::nearest(&text, usize::MAX).with_field("notes"),
            Query::nearest(&other, usize::MAX).with_field("body").with_filter(&filter),
            Query::nearest(&flat, usize::MAX).with_field("body"),
        ];
        let mut hits = vec![Hits::new(); queries.len()];
        pair.search().search(snapshot, &queries, &mut hits, &mut scratch)?;
        for (query, hits) in queries.iter().zip(&hits) {
            let context =
                format_args!("{question:?} in {:?} with {:?}", query.field(), query.goal());
            assert_hits(&hits.to_vec(), &model.search(query)?, context);
        }
    }
    Ok(())
}

fn check_now(pair: &Differential<'_>, questions: &[String]) -> Result<()> {
    check_answers(pair, (&*pair.site.snapshot()?, &pair.model), questions)
}

pub(super) fn text_scores_are_those_of_the_model(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    for seed in 0..3 {
        let mut pair = written(harness, 90, seed)?;
        let questions = questions(&mut Rng::with_seed(seed), 40);
        check_now(&pair, &questions)?;
        super::computed::compact(&pair)?;
        check_now(&pair, &questions)?;
        if pair.site.reopens() {
            pair.site.reopen()?;
            check_now(&pair, &questions)?;
            pair.site.reopen_after_kill()?;
            check_now(&pair, &questions)?;
        }
    }
    Ok(Outcome::Kept)
}

pub(super) fn text_statistics_are_of_the_live_records(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let mut pair = written(harness, 60, 7)?;
    let mut rng = Rng::with_seed(8);
    let questions = questions(&mut rng, 12);
    let mut earlier = Vec::new();
    for n in 0..6_u64 {
        earlier.push((pair.site.snapshot()?, pair.model.clone()));
        let some = [1, 2, 3].map(|m| corpus::id(n * 7 + m));
        let batch = some.into_iter().fold(Batch::new(), Batch::delete);
        pair.apply(&batch.set_payload(corpus::id(n), payload(&mut rng)))?;
        pair.apply(&Batch::new().upsert(record(&mut rng, corpus::id(n * 5))?))?;
        check_now(&pair, &questions)?;
        for (snapshot, model) in &earlier {
            check_answers(&pair, (&**snapshot, model), &questions)?;
        }
    }
    // A new store of the same records answers with the same bits.
    let fresh = Differential::of(harness, &schema()?, pair.model.records().cloned())?;
    check_answers(&fresh, (&*fresh.site.snapshot()?, &pair.model), &questions)?;
    Ok(Outcome::Kept)
}

/// The ids that a question finds among these texts, best first.
fn found(harness: &Harness, texts: &[Value], question: &str, k: usize) -> Result<Vec<(u64, f64)>> {
    let records = (0_u64..).zip(texts).map(|(id, text)| {
        Ok(Record::new(id, [1.0, 0.0])?.with("body", text.clone()).with("n", id as i64))
    });
    let pair = Differential::of(harness, &schema()?, records.collect::<Result<Vec<_>>>()?)?;
    let text = TextQuery::parse(question, Analyzer::words())?;
    let query = Query::nearest(&text, k).with_field("body");
    let mut hits = [Hits::new()];
    pair.search().search(&*pair.site.snapshot()?, &[query], &mut hits, &mut Scratch::new())?;
    let number = |id: &RecordId| (0..).find(|n| *id == *n).unwrap_or(0);
    Ok(hits[0].to_vec().iter().map(|hit| (number(&hit.id), hit.distance)).collect())
}

pub(super) fn text_phrases_and_signs_are_kept(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let mut texts: Vec<Value> =
        ["red fox", "fox red", "the red fox and the red dog", "red red fox cat", "cat dog", ""]
            .map(Value::from)
            .to_vec();
    texts.push(vec!["red", "fox"].into());
    for (question, expected) in [
        ("fox", &[0, 1, 2, 3, 6][..]),
        ("\"red fox\"", &[0, 2, 3]),
        ("\"red red\"", &[3]),
        ("\"fox red fox\"", &[]),
        ("+red +fox -dog", &[0, 1, 3, 6]),
        ("cat +dog", &[2, 4]),
        ("red -\"red fox\"", &[1, 6]),
        ("red cat -cat-dog", &[0, 1, 2, 3, 6]),
        ("+\"the red\" fox", &[2]),
        ("absent", &[]),
        ("!?", &[]),
    ] {
        let mut ids: Vec<u64> =
            found(harness, &texts, question, 99)?.into_iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        assert_eq!(ids, expected, "{question}");
    }
    Ok(Outcome::Kept)
}

pub(super) fn text_hits_are_ranked_and_cut(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let texts: Vec<Value> = (0..40).map(|n| ["red fox", "red dog", "blue"][n % 3].into()).collect();
    let all = found(harness, &texts, "red fox", 99)?;
    let fox = (0..40).filter(|n| n % 3 == 0);
    let expected: Vec<u64> = fox.chain((0..40).filter(|n| n % 3 == 1)).collect();
    let ids = |hits: &[(u64, f64)]| hits.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    assert_eq!(ids(&all), expected, "equal scores come by id");
    assert!(all.iter().all(|(_, distance)| *distance < 0.0), "{all:?}");
    for k in [1, 2, 13, 14, 15, 26, 27] {
        assert_eq!(found(harness, &texts, "red fox", k)?, all[..k], "k = {k}");
    }
    Ok(Outcome::Kept)
}

pub(super) fn text_hits_have_at_least_the_score(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let pair = written(harness, 60, 3)?;
    let (snapshot, text) =
        (pair.site.snapshot()?, TextQuery::parse("red fox \"the fox\"", Analyzer::words())?);
    let all = pair.model.search(&Query::nearest(&text, 1_000).with_field("body"))?;
    for hit in &all {
        let query = Query::within(&text, hit.distance, 1_000).with_field("body");
        let mut hits = [Hits::new()];
        pair.search().search(&*snapshot, &[query], &mut hits, &mut Scratch::new())?;
        assert_hits(&hits[0].to_vec(), &pair.model.search(&query)?, format_args!("up to {hit:?}"));
    }
    Ok(Outcome::Kept)
}

pub(super) fn an_added_text_field_is_searched(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let mut rng = Rng::with_seed(5);
    let mut pair = Differential::new(harness, &Schema::new(2, Metric::Euclidean)?)?;
    for n in 0..60 {
        pair.apply(&Batch::new().upsert(record(&mut rng, corpus::id(n))?))?;
    }
    added_fields::add(&mut pair, &Field::text("body", Analyzer::words())?)?;
    let notes = Field::text("notes", Analyzer::words())?.with_source("doc.notes[].text")?;
    pair.site.add_field(notes.clone(), Budget::new(), &mut ())?;
    pair.model.add_field(notes, harness.limits()?)?;
    let questions = questions(&mut rng, 12);
    check_now(&pair, &questions)?;
    for n in 50..70 {
        pair.apply(&Batch::new().upsert(record(&mut rng, corpus::id(n))?))?;
    }
    check_now(&pair, &questions)?;
    Ok(Outcome::Kept)
}

pub(super) fn text_queries_are_for_text_fields(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let pair = written(harness, 9, 1)?;
    let text = TextQuery::parse("fox", Analyzer::words())?;
    let bad = text.clone().with_bm25(Bm25 { k1: -1.0, b: 0.5 });
    let vector = Vector::try_from([1.0, 0.0])?;
    let good = Query::nearest(&text, 3).with_field("body");
    for (query, kind) in [
        (good.with_field("vector"), ErrorKind::ElementMismatch),
        (Query::nearest(&text, 3), ErrorKind::ElementMismatch),
        (good.with_field("absent"), ErrorKind::UnknownField),
        (Query::nearest(vector.as_ref(), 3).with_field("body"), ErrorKind::ElementMismatch),
        (Query::nearest(&text, 0).with_field("body"), ErrorKind::InvalidQuery),
        (Query::within(&text, f64::NAN, 1).with_field("body"), ErrorKind::InvalidQuery),
        (Query::nearest(&bad, 3).with_field("body"), ErrorKind::InvalidQuery),
    ] {
        let mut hits = [Hits::new(), Hits::new()];
        let asked = pair.search().search(
            &*pair.site.snapshot()?,
            &[good, query],
            &mut hits,
            &mut Scratch::new(),
        );
        assert_refused(asked, kind, format_args!("{query:?}"));
        assert!(hits.iter().all(Hits::is_empty), "hits of a refused batch");
    }
    Ok(Outcome::Kept)
}

pub(super) fn text_and_vectors_are_asked_in_one_batch(harness: &Harness) -> Result<Outcome> {
    unless_promised!(harness);
    let pair = written(harness, 60, 2)?;
    let (fox, red) = (
        TextQuery::parse("fox", Analyzer::words())?,
        TextQuery::parse("+red \"the fox\"", Analyzer::words())?,
    );
    let (vector, filter) = (Vector::try_from([1.0, 0.5])?, "n < 3".parse::<Filter>()?);
    let queries = [
        Query::nearest(&fox, 5).with_field("body"),
        Query::nearest(vector.as_ref(), 5),
        Query::nearest(&red, 5).with_field("notes"),
        Query::nearest(&red, 5).with_field("body").with_filter(&filter),
        Query::within(vector.as_ref(), 1.0, 99).with_filter(&filter).with_vector(true),
        Query::nearest(&fox, 2).with_field("body").with_payload(true).with_vector(true),
    ];
    let mut hits = vec![Hits::new(); queries.len()];
    pair.search().search(&*pair.site.snapshot()?, &queries, &mut hits, &mut Scratch::new())?;
    for (query, hits) in queries.iter().zip(&hits) {
        assert_hits(&hits.to_vec(), &pair.model.search(query)?, format_args!("{query:?}"));
    }
    Ok(Outcome::Kept)
}
