//! Values that are equal in some sense and not the same: what a store with a defect doesn't write anew,
//! or keeps once for all that are equal.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use iqdb_core::{Effect, Map, Payload, Record, Value, Vector};

use crate::defect::Defect;

/// Whether the store takes the effect on a record for one that changes nothing.
pub(crate) fn is_unchanged(defect: Option<Defect>, effect: &Effect<'_>, before: &Record) -> bool {
    match (defect, effect) {
        // Zeros of both signs are equal.
        (Some(Defect::EqualRecordsAreNotWritten), Effect::Put(record, _)) => **record == *before,
        (Some(Defect::EqualPayloadsAreNotSet), Effect::SetPayload(_, payload, _)) => {
            **payload == before.payload
        }
        (Some(Defect::EqualVectorsAreNotSet), Effect::SetVectors(_, vectors)) => vectors
            .iter()
            .all(|(name, vector)| before.vector(name) == vector.as_ref().map(Vector::as_ref)),
        (Some(Defect::EqualNumbersAreNotSet), Effect::SetPayload(_, payload, _)) => {
            is_same_map(payload.as_map(), before.payload.as_map(), &|a, b| {
                a.as_ref().compare(b.as_ref()) == Some(Ordering::Equal)
            })
        }
        (Some(Defect::ComposedTextsAreNotSet), Effect::SetPayload(_, payload, _)) => {
            is_same_map(payload.as_map(), before.payload.as_map(), &|a, b| match (a, b) {
                (Value::Text(a), Value::Text(b)) => composed(a) == composed(b),
                _ => false,
            })
        }
        (Some(Defect::PaddedTextsAreNotSet), Effect::SetPayload(_, payload, _)) => {
            is_same_map(payload.as_map(), before.payload.as_map(), &|a, b| match (a, b) {
                (Value::Text(a), Value::Text(b)) => {
                    a.trim_end_matches(' ') == b.trim_end_matches(' ')
                }
                _ => false,
            })
        }
        _ => false,
    }
}

/// Whether the maps have the same keys, and values that are the same or alike.
fn is_same_map(a: &Map, b: &Map, alike: &dyn Fn(&Value, &Value) -> bool) -> bool {
    let is_same = |a: &Value, b: &Value| alike(a, b) || format!("{a:?}") == format!("{b:?}");
    a.len() == b.len()
        && a.iter().zip(b.iter()).all(|((a_key, a), (b_key, b))| a_key == b_key && is_same(a, b))
}

/// The text with some of its letters composed with the accents behind them.
pub(crate) fn composed(text: &str) -> String {
    [("a\u{308}", "\u{e4}"), ("e\u{301}", "\u{e9}"), ("o\u{308}", "\u{f6}"), ("u\u{308}", "\u{fc}")]
        .iter()
        .fold(text.to_owned(), |text, (apart, composed)| text.replace(apart, composed))
}

/// The values that equal ones share, by what makes them equal.
#[derive(Debug, Default)]
pub(crate) struct Interned {
    payloads: BTreeMap<String, Payload>,
    texts: BTreeMap<String, String>,
    /// Each text once, in the order in which they came, and their places.
    dictionary: Vec<String>,
    codes: BTreeMap<String, usize>,
}

impl Interned {
    /// The text of the code that a text has in a dictionary, of which these bits are kept.
    fn coded(&mut self, text: &str, kept: usize) -> String {
        let next = self.dictionary.len();
        let code = *self.codes.entry(text.to_owned()).or_insert(next);
        if code == next {
            self.dictionary.push(text.to_owned());
        }
        self.dictionary[code & kept].clone()
    }

    /// Puts in the place of values those that are equal and came first.
    pub(crate) fn share(&mut self, defect: Option<Defect>, payload: &mut Payload) {
        match defect {
            Some(Defect::EqualPayloadsAreKeptOnce) => {
                let positive = format!("{payload:?}").replace("-0.0", "0.0");
                *payload = self.payloads.entry(positive).or_insert(payload.clone()).clone();
            }
            Some(
                Defect::ComposedTextsAreKeptOnce
                | Defect::TextsOfAnyCaseAreKeptOnce
                | Defect::DictionaryHas256Texts
                | Defect::DictionaryHas65536Texts,
            ) => {
                let shared = payload.iter().map(|(key, value)| {
                    let value = match value {
                        Value::Text(text) if defect == Some(Defect::ComposedTextsAreKeptOnce) => {
                            self.texts.entry(composed(text)).or_insert(text.clone()).clone().into()
                        }
                        Value::Text(text) if defect == Some(Defect::DictionaryHas256Texts) => {
                            self.coded(text, 0xff).into()
                        }
                        Value::Text(text) if defect == Some(Defect::DictionaryHas65536Texts) => {
                            self.coded(text, 0xffff).into()
                        }
                        Value::Text(text) => {
                            let lower = text.to_lowercase();
                            self.texts.entry(lower).or_insert(text.clone()).clone().into()
                        }
                        other => other.clone(),
                    };
                    (key.to_owned(), value)
                });
                *payload = shared.collect();
            }
            _ => {}
        }
    }
}
