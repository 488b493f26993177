//! Conditions on values, as a column with a defect evaluates them.

use iqdb_core::{DateTime, Map, Payload, Predicate, Result, Step, Value, ValueRef};

use crate::defect::Defect;
use crate::same::composed;

/// Whether the defect is in how a column evaluates conditions.
pub(crate) fn is_misread(defect: Option<Defect>) -> bool {
    matches!(
        defect,
        Some(
            Defect::PatternsHaveWildcards
                | Defect::PrefixesIgnoreCase
                | Defect::PrefixesEndAtTheLastOf16Bits
                | Defect::TextsEndAtNul
                | Defect::TextsAreTrimmed
                | Defect::TextsAreTheirFirst8Bytes
                | Defect::TextsIgnoreCase
                | Defect::TextsCompareByUtf16
                | Defect::TextsAreComposed
                | Defect::IntegersAreUnsigned
                | Defect::FloatsAreOf32Bits
                | Defect::FloatsSaturateAsIntegers
                | Defect::DatesAreUnsigned
                | Defect::InnerKeysAreSplitAtDots
                | Defect::PathsIgnoreCase
                | Defect::ListsOfOneAreTheirElement
                | Defect::ElementsAreOfTheirKind
                | Defect::InHasAThousandValuesAtMost
        )
    )
}

/// What the defect takes the condition for.
pub(crate) fn matches(defect: Option<Defect>, leaf: &Predicate, payload: &Payload) -> Result<bool> {
    let text = |value: ValueRef<'_>, is: &dyn Fn(&str) -> bool| match value {
        ValueRef::Text(text) => is(text),
        _ => false,
    };
    let any = |is: &dyn Fn(ValueRef<'_>) -> bool| -> Result<bool> {
        let Some(path) = leaf.path() else { return Ok(false) };
        Ok(payload.get(path.first_key()?).is_some_and(|first| path.any(first.as_ref(), is)))
    };
    match (defect, leaf) {
        (Some(Defect::PatternsHaveWildcards), Predicate::ContainsText { text: part, .. }) => {
            any(&|value| text(value, &|text| is_like(text, &format!("%{part}%"))))
        }
        (Some(Defect::PatternsHaveWildcards), Predicate::StartsWith { prefix, .. }) => {
            any(&|value| text(value, &|text| is_like(text, &format!("{prefix}%"))))
        }
        (Some(Defect::PrefixesIgnoreCase), Predicate::StartsWith { prefix, .. }) => any(&|value| {
            text(value, &|text| text.to_lowercase().starts_with(&prefix.to_lowercase()))
        }),
        (Some(Defect::PrefixesEndAtTheLastOf16Bits), Predicate::StartsWith { prefix, .. }) => {
            let end = format!("{prefix}\u{ffff}");
            any(&|value| text(value, &|text| (prefix.as_str()..=&end).contains(&text)))
        }
        (Some(Defect::ElementsAreOfTheirKind), Predicate::Contains { value: wanted, .. }) => {
            any(&|value| match value {
                ValueRef::List(list) => list.iter().any(|it| it == wanted.as_ref()),
                _ => false,
            })
        }
        (Some(Defect::InHasAThousandValuesAtMost), Predicate::In { path, values }) => {
            let values = values.as_slice().iter().take(1_000).cloned().collect();
            Predicate::In { path: path.clone(), values }.matches_payload(&payload.into())
        }
        (Some(Defect::InnerKeysAreSplitAtDots), _) => {
            let is_dotted = |step: &Step| matches!(step, Step::Key(key) if key.contains('.'));
            let Some(path) = leaf.path() else { return Ok(false) };
            Ok(!path.steps()?.1.iter().any(is_dotted) && leaf.matches_payload(&payload.into())?)
        }
        (Some(Defect::PathsIgnoreCase), _) => {
            let first = leaf.path().map_or(Ok(""), |path| path.first_key())?;
            let mut all = payload.iter();
            let found = all.find(|(key, _)| key.eq_ignore_ascii_case(first));
            Ok(found.is_some_and(|(_, value)| leaf.matches_first(value.as_ref())))
        }
        (_, Predicate::Compare { path, comparison, value }) => {
            let (path, value) = (path.clone(), asked(defect, value));
            let leaf = Predicate::Compare { path, comparison: *comparison, value };
            leaf.matches_payload(&(&all_seen(defect, payload)).into())
        }
        (_, Predicate::In { path, values }) => {
            let values = values.as_slice().iter().map(|value| asked(defect, value)).collect();
            let leaf = Predicate::In { path: path.clone(), values };
            leaf.matches_payload(&(&all_seen(defect, payload)).into())
        }
        _ => leaf.matches_payload(&payload.into()),
    }
}

/// Whether a text is like a pattern, in which `%` is any text and `_` any character.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => text.is_empty(),
        Some('%') => {
            let ends = text.char_indices().map(|(n, _)| n).chain([text.len()]);
            ends.into_iter().any(|n| is_like(&text[n..], rest.as_str()))
        }
        Some(wanted) => text.chars().next().is_some_and(|first| {
            (wanted == '_' || wanted == first) && is_like(&text[first.len_utf8()..], rest.as_str())
        }),
    }
}

/// The value of a condition as a column with the defect compares it.
fn asked(defect: Option<Defect>, value: &Value) -> Value {
    match defect {
        // Widened, and not rounded as what is in the column.
        Some(Defect::FloatsAreOf32Bits) => value.clone(),
        _ => seen(defect, value),
    }
}

fn all_seen(defect: Option<Defect>, payload: &Payload) -> Payload {
    payload.iter().map(|(key, value)| (key, seen(defect, value))).collect()
}

/// The value as a column with the defect compares it.
#[allow(clippy::cast_possible_truncation)]
fn seen(defect: Option<Defect>, value: &Value) -> Value {
    match (defect, value) {
        (Some(Defect::ListsOfOneAreTheirElement), Value::List(list)) if list.len() == 1 => {
            list.as_slice()[0].clone()
        }
        (_, Value::List(list)) => Value::List(list.iter().map(|it| seen(defect, it)).collect()),
        (_, Value::Map(map)) => {
            Value::Map(map.iter().map(|(key, it)| (key, seen(defect, it))).collect::<Map>())
        }
        (Some(Defect::TextsEndAtNul), Value::Text(text)) => {
            text.split('\0').next().unwrap_or_default().into()
        }
        (Some(Defect::TextsAreTrimmed), Value::Text(text)) => text.trim_end_matches(' ').into(),
        (Some(Defect::TextsAreTheirFirst8Bytes), Value::Text(text)) => {
            String::from_utf8_lossy(&text.as_bytes()[..text.len().min(8)]).into_owned().into()
        }
        (Some(Defect::TextsIgnoreCase), Value::Text(text)) => text.to_ascii_lowercase().into(),
        (Some(Defect::TextsAreComposed), Value::Text(text)) => composed(text).into(),
        (Some(Defect::TextsCompareByUtf16), Value::Text(text)) => {
            // Units from the first surrogate on have their order above all characters of 16 bits.
            let lift = |unit: u16| match u32::from(unit) {
                unit if unit < 0xd800 => unit,
                unit => unit + 0x1_0000,
            };
            let units = text.encode_utf16().map(|unit| char::from_u32(lift(unit)));
            units.map(Option::unwrap_or_default).collect::<String>().into()
        }
        (Some(Defect::IntegersAreUnsigned), Value::Int(n)) if *n < 0 => {
            Value::Float(n.cast_unsigned() as f64)
        }
        (Some(Defect::FloatsAreOf32Bits), Value::Float(x)) => {
            Value::Float((*x as f32).clamp(f32::MIN, f32::MAX).into())
        }
        (Some(Defect::FloatsSaturateAsIntegers), Value::Float(x)) if x.fract() == 0.0 => {
            Value::Int(*x as i64)
        }
        (Some(Defect::DatesAreUnsigned), Value::DateTime(date)) if date.as_micros() < 0 => {
            DateTime::MAX.into()
        }
        _ => value.clone(),
    }
}
