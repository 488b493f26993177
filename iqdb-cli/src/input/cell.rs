//! What a cell of a `.csv` file stands for, and how a value is written into one.
//!
//! A cell that is a JSON value is that value, an empty one is no value, and any other is a text. So
//! a text that looks like JSON is written as JSON, in double quotes, and reading undoes writing.

use iqdb::Value;

/// The value of a cell.
pub(crate) fn read(cell: &str) -> Option<Value> {
    if cell.is_empty() {
        return None;
    }
    Some(as_json(cell).unwrap_or_else(|| cell.into()))
}

fn as_json(cell: &str) -> Option<Value> {
    // Nothing else begins a JSON value, and most texts are none.
    let may_be_json = cell.starts_with(|first: char| {
        first.is_ascii_digit()
            || matches!(first, '-' | '"' | '[' | '{' | 'n' | 't' | 'f')
            || first.is_ascii_whitespace()
    });
    if !may_be_json {
        return None;
    }
    serde_json::from_str(cell).ok()
}

/// The cell of a value.
pub(crate) fn write(value: &Value) -> serde_json::Result<String> {
    match value {
        Value::Text(text) if !text.is_empty() && as_json(text).is_none() => Ok(text.clone()),
        value => serde_json::to_string(value),
    }
}

#[cfg(test)]
mod tests {
    use iqdb::{DateTime, Map};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cell_is_what_it_looks_like() {
        for (cell, value) in [
            ("", None),
            ("7", Some(Value::Int(7))),
            ("-7.5", Some(Value::Float(-7.5))),
            ("1e3", Some(Value::Float(1e3))),
            ("true", Some(Value::Bool(true))),
            ("null", Some(Value::Null)),
            ("[1, \"a\"]", Some(vec![Value::from(1), "a".into()].into())),
            ("\"7\"", Some("7".into())),
            ("\"\"", Some("".into())),
            ("007", Some("007".into())),
            ("nan", Some("nan".into())),
            ("[draft", Some("[draft".into())),
            ("[[1]]", Some([[1]].into())),
            ("{}", Some(Map::new().into())),
            ("{\"a\": {\"b\": 1}}", Some(Map::new().with("a", Map::new().with("b", 1)).into())),
            ("{\"$date\": \"1970-01-01\"}", Some(DateTime::from_micros(0).unwrap().into())),
            ("{\"$date\": 1}", Some("{\"$date\": 1}".into())),
            ("{draft}", Some("{draft}".into())),
            ("2025-01-31", Some("2025-01-31".into())),
            ("18446744073709551616000", Some(Value::Float(18_446_744_073_709_551_616_000.0))),
            ("New York", Some("New York".into())),
        ] {
            assert_eq!(read(cell), value, "{cell}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Int),
            any::<f64>().prop_filter("finite", |x| x.is_finite()).prop_map(Value::Float),
            any::<String>().prop_map(Value::Text),
            "[0-9\\[\\]\",ntrue.{} -]{0,6}".prop_map(Value::Text),
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
        fn reading_undoes_writing(value in value()) {
            prop_assert_eq!(read(&write(&value).unwrap()), Some(value));
        }
    }
}
