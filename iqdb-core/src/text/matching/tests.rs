//! Tests of scores, with numbers that were computed by hand.

use super::*;
use crate::{Analyzer, Field, Payload, PayloadRef, Value};

/// The hits among these texts, by their places, with the scores.
fn hits(query: &str, texts: &[Value]) -> Vec<(u64, f64)> {
    let analyzer = Analyzer::words();
    let query = TextQuery::parse(query, analyzer).unwrap();
    let field = Field::text("body", analyzer).unwrap();
    let mut matches = TextMatches::default();
    // What was there before has no part in it.
    matches.begin(&TextQuery::parse("other words", analyzer).unwrap());
    matches.begin(&query);
    for (n, text) in (0..).zip(texts) {
        let (payload, mut bytes) = (Payload::new().with("body", text.clone()), Vec::new());
        assert!(field.compute(&PayloadRef::from(&payload), &mut bytes).unwrap());
        matches.add(&query, &bytes, n, true).unwrap();
    }
    matches.scores(&query).collect()
}

fn texts(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::from(*text)).collect()
}

fn keys(query: &str, texts: &[Value]) -> Vec<u64> {
    hits(query, texts).into_iter().map(|(key, _)| key).collect()
}

#[test]
fn scores_are_those_of_the_formula() {
    let found = hits("fox red", &texts(&["red fox red", "lazy dog", "fox", ""]));
    // Of 4 texts with 6 words, 2 have `fox` and 1 has `red`.
    let part = |weight: f64, tf: f64, len: f64| {
        weight * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len * 4.0 / 6.0))
    };
    let (fox, red) = ((1.0 + 2.5 / 2.5_f64).ln(), (1.0 + 3.5 / 1.5_f64).ln());
    let expected = [(0, part(fox, 1.0, 3.0) + part(red, 2.0, 3.0)), (2, part(fox, 1.0, 1.0))];
    assert_eq!(found.len(), 2);
    for ((key, score), (expected_key, expected)) in found.into_iter().zip(expected) {
        assert_eq!(key, expected_key);
        assert!((score - expected).abs() < 1e-14, "{score} and {expected}");
    }
}

#[test]
fn phrases_are_words_in_a_row() {
    let mut all =
        texts(&["the red fox", "red the fox", "fox red", "red fox red fox", "red red fox"]);
    all.push(vec!["red", "fox"].into());
    assert_eq!(keys("\"red fox\"", &all), [0, 3, 4]);
    assert_eq!(keys("\"red red\"", &all), [4]);
    assert_eq!(keys("\"fox red fox\"", &all), [3]);
    assert_eq!(keys("\"red fox red fox red\"", &all), [0; 0]);
    let (once, twice) = (hits("\"red fox\"", &all[2..3]), hits("\"a a\"", &texts(&["a a a"])));
    assert!(once.is_empty());
    // As if one word came twice in three.
    let words = hits("b", &texts(&["b b a"]));
    assert_eq!(twice, words);
}

#[test]
fn signs_require_and_exclude() {
    let all = texts(&["red fox", "red cat", "fox cat", "dog", "red fox cat dog"]);
    assert_eq!(keys("fox +red", &all), [0, 1, 4]);
    assert_eq!(keys("+fox +red", &all), [0, 4]);
    assert_eq!(keys("fox -cat", &all), [0]);
    assert_eq!(keys("fox cat -\"fox cat\"", &all), [0, 1]);
    assert_eq!(keys("fox red dog -cat-dog", &all), [0, 1, 2, 3]);
    assert_eq!(keys("red -red", &all), [0; 0]);
    assert_eq!(keys("+absent red", &all), [0; 0]);
    assert_eq!(keys("", &all), [0; 0]);
    let (plain, signed) = (hits("fox red", &all), hits("fox +red", &all));
    assert_eq!(plain[0], signed[0]);
}
