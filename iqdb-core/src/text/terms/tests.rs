//! Tests of the column of a text field.

use super::*;
use crate::{Field, List, Payload, Value};

fn field(source: &str) -> Field {
    Field::text("body", Analyzer::words()).unwrap().with_source(source).unwrap()
}

fn bytes_of(field: &Field, payload: &Payload) -> Option<Vec<u8>> {
    let mut bytes = b"before".to_vec();
    let has_it = field.compute(&PayloadRef::from(payload), &mut bytes).unwrap();
    let made = bytes.strip_prefix(b"before").unwrap().to_vec();
    assert!(has_it || made.is_empty());
    has_it.then_some(made)
}

/// The words in order, `|` for a gap.
fn words(bytes: &[u8]) -> String {
    let terms = Terms::new(bytes).unwrap();
    let (mut distinct, mut shown) = (Vec::new(), Vec::new());
    for token in terms.tokens() {
        shown.push(match token.unwrap() {
            Token::New(term) => {
                distinct.push(std::str::from_utf8(term).unwrap());
                *distinct.last().unwrap()
            }
            Token::Again(number) => distinct[usize::try_from(number).unwrap()],
            Token::Gap => "|",
        });
    }
    let words = shown.iter().filter(|word| **word != "|").count();
    assert_eq!(terms.words(), words as u64);
    let again = distinct.iter().any(|term| distinct.iter().filter(|it| *it == term).count() > 1);
    assert!(!again, "a term is new once: {shown:?}");
    shown.join(" ")
}

fn shown(source: &str, payload: &Payload) -> Option<String> {
    bytes_of(&field(source), payload).map(|bytes| words(&bytes))
}

fn texts(texts: &[&str]) -> Value {
    Value::from(texts.to_vec())
}

#[test]
fn a_list_of_texts_is_one_text_with_gaps() {
    for (value, expected) in [
        (Value::from("To be, or not to BE"), Some("to be or not to be")),
        ("".into(), Some("")),
        (" ,. ".into(), Some("")),
        (texts(&["red fox", "", "-", "fox red"]), Some("red fox | fox red")),
        (texts(&["", "red"]), Some("red")),
        (texts(&["red", ""]), Some("red")),
        (vec![Value::from(1), "red".into(), vec!["nested"].into()].into(), Some("red")),
        (Value::List(List::default()), None),
        (vec![Value::from(1)].into(), None),
        (7.into(), None),
        (Value::Null, None),
    ] {
        let payload = Payload::new().with("body", value.clone());
        assert_eq!(shown("body", &payload).as_deref(), expected, "{value:?}");
    }
    assert_eq!(shown("body", &Payload::new()), None);
}

#[test]
fn a_source_leads_through_maps_and_lists() {
    let part = |text: &str| Payload::new().with("text", text).as_map().clone();
    let parts = vec![Value::Map(part("one")), 2.into(), Value::Map(part("two one"))];
    let payload = Payload::new()
        .with("doc", Payload::new().with("parts", parts).as_map().clone())
        .with("body", "other");
    assert_eq!(shown("doc.parts[].text", &payload).as_deref(), Some("one | two one"));
    assert_eq!(shown("doc.parts", &payload), None);
    assert_eq!(shown("doc.parts[].absent", &payload), None);
    assert_eq!(shown("absent", &payload), None);
}

#[test]
fn only_a_text_field_has_a_source() {
    let dense =
        Field::new("vector", crate::Schema::new(2, crate::Metric::Dot).unwrap().fields()[0].kind());
    let error = dense.unwrap().with_source("body").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSchema);
    let text = Field::text("body", Analyzer::words()).unwrap();
    for path in ["", "a b", "a..b"] {
        let error = text.clone().with_source(path).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidSchema, Some("body")));
    }
    assert_eq!(text.clone().with_source("body").unwrap(), text);
    assert_eq!(text.to_string(), "body: text, words/1");
    assert_eq!(field("a.b").to_string(), "body: text, words/1, of a.b");
    let builder = || crate::Schema::builder();
    assert!(builder().source("a").build().is_err());
    assert!(builder().dense("v", 1, crate::Metric::Dot).source("a").build().is_err());
    let built = builder().text("body", Analyzer::words()).source("a.b").build().unwrap();
    assert_eq!(built.fields(), [field("a.b")]);
}

#[test]
fn many_words_and_long_ones_come_back() {
    let many: String = (0..3_000).flat_map(|n| [format!("w{} ", n % 700), "the ".into()]).collect();
    let long = "x".repeat(20_000);
    for text in [many.as_str(), &long] {
        let made = shown("body", &Payload::new().with("body", text)).unwrap();
        assert_eq!(made, text.trim());
    }
    let made = bytes_of(&field("body"), &Payload::new().with("body", many.as_str())).unwrap();
    assert!(made.len() < many.len() * 3 / 5, "{} of {}", made.len(), many.len());
}

#[test]
fn bytes_that_no_text_has_are_damage() {
    let whole = bytes_of(&field("body"), &Payload::new().with("body", texts(&["ab ab", "cde"])));
    let whole = whole.unwrap();
    let is_whole = |bytes: &[u8]| {
        Terms::new(bytes).is_ok_and(|terms| terms.tokens().all(|token| token.is_ok()))
    };
    assert!(is_whole(&whole));
    assert!(!is_whole(&[]) && !is_whole(&[0xff; 12]) && !is_whole(&[1, 0xff]));
    for len in 1..whole.len() {
        // At the end of a token the bytes are those of another text.
        let _ = is_whole(&whole[..len]);
    }
    assert!(!is_whole(&whole[..whole.len() - 1]));
    let mut tokens = Terms::new(&[1, 9 * 2, b'a']).unwrap().tokens();
    assert_eq!(tokens.next().unwrap().unwrap_err().kind(), ErrorKind::Damaged);
    assert!(tokens.next().is_none());
}
