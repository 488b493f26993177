//! How the values of a key are written into their column, so that an import reads the same ones.
//!
//! An import decides one type for a column. Where all values are texts that it takes for texts, they are
//! written as they are; elsewhere each value is written as JSON, texts in quotes.

use std::collections::BTreeMap;

use iqdb::{Error, ErrorKind, Filter, Result, Snapshot, SnapshotExt, Value};

use crate::input::csv::column::Survey;

/// A key of payloads, which has a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::export) struct Key {
    pub(super) name: String,
    style: Style,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    /// Texts, as they are.
    Plain,
    Json,
}

/// What the values of a key are.
#[derive(Debug, Default)]
struct Kinds {
    texts: Survey,
    bool: bool,
    int: bool,
    float: bool,
    text: bool,
    /// Lists, maps and dates: what is JSON and nothing else.
    nested: bool,
    null: bool,
}

impl Kinds {
    fn see(&mut self, value: &Value) {
        match value {
            Value::Null => self.null = true,
            Value::Bool(_) => self.bool = true,
            Value::Int(_) => self.int = true,
            Value::Float(_) => self.float = true,
            Value::Text(text) => {
                self.text = true;
                self.texts.see(text, 0);
            }
            Value::DateTime(_) | Value::List(_) | Value::Map(_) => self.nested = true,
        }
    }

    /// How the values are written; `None` where no column tells them apart.
    fn style(&self) -> Option<Style> {
        let others = [self.bool, self.int, self.float].iter().filter(|has| **has).count();
        match (self.text, self.nested) {
            (true, false) if others == 0 && !self.null && self.texts.keeps_texts() => {
                Some(Style::Plain)
            }
            (false, false) if others > 1 => None,
            _ => Some(Style::Json),
        }
    }
}

/// The keys of the payloads of all records that match, in their order.
///
/// # Errors
/// [`ErrorKind::NotSupported`] for a key whose values no column tells apart; those of reading.
pub(in crate::export) fn of(snapshot: &dyn Snapshot, filter: Option<&Filter>) -> Result<Vec<Key>> {
    let mut kinds = BTreeMap::<String, Kinds>::new();
    for record in snapshot.records(filter) {
        for (key, value) in record?.payload()?.to_payload()?.iter() {
            if let Some(kinds) = kinds.get_mut(key) {
                kinds.see(value);
            } else {
                kinds.entry(key.to_owned()).or_default().see(value);
            }
        }
    }
    let key = |(name, kinds): (String, Kinds)| match kinds.style() {
        Some(style) => Ok(Key { name, style }),
        None => Err(Error::new(ErrorKind::NotSupported, "a column has one type")
            .during("writing a .csv file")
            .expected("booleans, integers or floats alone")
            .found(format_args!("several of them under the key {name}"))
            .hint("export to .jsonl")),
    };
    kinds.into_iter().map(key).collect()
}

impl Key {
    /// The cell of a value.
    pub(super) fn cell(&self, value: &Value) -> serde_json::Result<String> {
        match (self.style, value) {
            (Style::Plain, Value::Text(text)) => Ok(text.clone()),
            (_, value) => serde_json::to_string(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use iqdb::{DateTime, Value};
    use proptest::prelude::*;

    use super::*;
    use crate::input::Rules;

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Float),
            any::<String>().prop_map(Value::Text),
            "[0-9\\[\\]\",ntrueaNT.{} -]{0,6}".prop_map(Value::Text),
            (-3_i64..3).prop_map(|micros| DateTime::from_micros(micros).unwrap().into()),
        ];
        scalar.prop_recursive(3, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec(("[a$]|[$]date", inner), 0..3)
                    .prop_map(|entries| Value::Map(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn reading_a_column_undoes_writing_it(
            values in prop_oneof![
                prop::collection::vec(value(), 1..4),
                prop::collection::vec("[0-9nNaT.e\\[-]{0,4}".prop_map(Value::Text), 1..4),
            ],
        ) {
            let mut kinds = Kinds::default();
            values.iter().for_each(|value| kinds.see(value));
            let Some(style) = kinds.style() else {
                return Ok(());
            };
            let key = Key { name: "a".into(), style };
            let cells: Vec<_> = values.iter().map(|value| key.cell(value).unwrap()).collect();
            let mut survey = Survey::default();
            cells.iter().for_each(|cell| survey.see(cell, 1));
            let kind = survey.decide().unwrap();
            for (cell, value) in cells.iter().zip(&values) {
                let read = kind.read(cell, &Rules::default()).unwrap();
                // Equality takes -0.0 for 0.0, and 1 for 1.0; the text of JSON doesn't.
                let json = |value: &Value| serde_json::to_string(value).unwrap();
                prop_assert_eq!(read.as_ref().map(json), Some(json(value)), "{} of {:?}", cell, kind);
            }
        }
    }
}
