//! Filters as text and as trees: what is accepted is printed, read back and evaluated.

use arbitrary::{Result, Unstructured};
use iqdb_conformance::Model;
use iqdb_conformance::naive::NaiveStore;
use iqdb_core::filter::Expr;
use iqdb_core::{
    Batch, Filter, Location, Map, Path, Payload, Predicate, Record, RecordId, Schema, SnapshotExt,
    Step, Store, StoreExt, Value,
};

use crate::seed::{self, Seed};
use crate::{entropy, errors};

/// Reads a text as a filter.
///
/// # Panics
/// When it is read and doesn't come back from its print, when its complement is none, or when an
/// error points outside the text or repeats it raw or whole.
pub fn filter_text(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    match text.parse::<Filter>() {
        Ok(filter) => {
            filter.check().expect("what was parsed passes its check");
            check_print(&filter);
            check_evaluation(&filter);
        }
        Err(error) => {
            if let Some(Location::Column(column)) = error.location() {
                assert!((1..=text.chars().count() + 1).contains(&column), "{error}");
            }
            errors::check(&error);
        }
    }
}

/// Builds a filter and records, and counts with both.
///
/// # Panics
/// Where [`filter_text`] does, and when a store's blocks count other records than the model.
pub fn filter_built(data: &[u8]) {
    let Ok((filter, batch, schema)) = built(data) else {
        return;
    };
    let printed = filter.to_string();
    if let Err(error) = filter.check() {
        errors::check(&error);
        return;
    }
    check_print(&filter);
    check_evaluation(&filter);
    let (store, mut model) = (NaiveStore::new(schema.clone()), Model::new(schema));
    if store.apply(&batch).is_err() {
        return;
    }
    model.apply(&batch).expect("what the store took");
    let snapshot = store.snapshot().expect("a snapshot in memory");
    let found = snapshot.count(Some(&filter));
    if let Err(unfit) = filter.check_for(model.schema()) {
        errors::check(&unfit);
        assert_eq!(found.map_err(|error| error.kind()), Err(unfit.kind()), "{printed}");
        return;
    }
    let found = found.expect("a count in memory");
    let expected = model.matching(Some(&filter)).expect("a filter that passed its check").len();
    assert_eq!(found, expected as u64, "{printed} over {batch:?}");
}

fn built(data: &[u8]) -> Result<(Filter, Batch, Schema)> {
    let mut from = Unstructured::new(data);
    let filter = entropy::filter(&mut from, 6)?;
    let schema = entropy::schema(&mut from, 1)?;
    let mut batch = Batch::new();
    while !from.is_empty() && batch.changes().len() < 16 {
        let id = entropy::id(&mut from)?;
        batch = batch.upsert(entropy::record(&mut from, &schema, id)?);
    }
    Ok((filter, batch, schema))
}

fn check_print(filter: &Filter) {
    let printed = filter.to_string();
    let read: Filter = printed
        .parse()
        .unwrap_or_else(|error| panic!("{printed:?} was printed and can't be read: {error}"));
    assert_eq!(read, *filter, "{printed:?} is read as another filter");
    assert_eq!(read.to_string(), printed, "the print of what was printed");
    assert!(!printed.contains(errors::changes_a_terminal), "{printed:?} is not one line");
}

/// Evaluates the filter and its complement on payloads that were made to meet its predicates.
fn check_evaluation(filter: &Filter) {
    let mut predicates = Vec::new();
    collect(filter, &mut predicates);
    let (mut scalars, mut lists) = (Payload::new(), Payload::new());
    for predicate in predicates {
        let (Some(Ok((key, steps))), Some(value)) =
            (predicate.path().map(Path::steps), witness(predicate))
        else {
            continue;
        };
        let found = |value| steps.iter().rev().fold(value, |value, step| around(step, value));
        lists.insert(key, found(vec![Value::Null, value.clone()].into()));
        scalars.insert(key, found(value));
    }
    let complement = filter.clone().not();
    for payload in [Payload::new(), scalars, lists] {
        for id in [RecordId::from(0), RecordId::from("a")] {
            let record = Record::without_vector(id).with_payload(payload.clone());
            let matches = filter.matches(&record).expect("a record in memory");
            // The complement may be too large by one operator.
            if complement.check().is_ok() {
                let rest = complement.matches(&record).expect("as above");
                assert_ne!(matches, rest, "{filter} and its complement on {payload:?}");
            }
        }
    }
}

/// A value in which the step leads to this one.
fn around(step: &Step, value: Value) -> Value {
    match step {
        Step::Key(key) => Map::new().with(&**key, value).into(),
        _ => vec![Value::Null, value].into(),
    }
}

fn collect<'a>(filter: &'a Filter, into: &mut Vec<&'a Predicate>) {
    match filter.expr().expect("a filter that passed its check") {
        Expr::And(operands) | Expr::Or(operands) => {
            operands.iter().for_each(|operand| collect(operand, into));
        }
        Expr::Not(operand) => collect(operand, into),
        Expr::Is(predicate) => into.push(predicate),
        _ => {}
    }
}

/// A value that the predicate is likely to be true of.
fn witness(predicate: &Predicate) -> Option<Value> {
    match predicate {
        Predicate::Compare { value, .. } | Predicate::Contains { value, .. } => Some(value.clone()),
        Predicate::In { values, .. } => values.as_slice().first().cloned(),
        Predicate::StartsWith { prefix, .. } => Some(format!("{prefix}…").into()),
        Predicate::ContainsText { text, .. } => Some(format!("…{text}…").into()),
        Predicate::Exists { .. } | Predicate::IsNull { .. } => Some(Value::Null),
        _ => None,
    }
}

/// One text per rule of the grammar, and some that are nearly one.
pub(crate) fn text_seeds() -> Vec<Seed> {
    vec![
        Seed::new("and-or-not", r#"lang = "en" and not (year < 2020 or tags contains "draft")"#),
        Seed::new("backticks", r"`and` = 1 and `od\`d\u{7}` exists or _x.y-z is null"),
        Seed::new("escapes", r#"a = "\"\\\n\r\t\u{1f600}\u{202e}""#),
        Seed::new("floats", "a in [1.5, -0.0, 1e300, -1e-300, 9007199254740993, 0.1]"),
        Seed::new("hostile", format!("@id in [uuid \"\u{1b}[2J\n\u{202e}{}\"]", "x".repeat(2_000))),
        Seed::new("ids", "@id in [7, \"7\", uuid \"67E55044-10B1-426F-9247-BB680E5FE0C8\", \"\"]"),
        Seed::new(
            "keywords",
            "A STARTS_WITH \"x\" AND b IN [TRUE, null, \"null\"] OR NOT c EXISTS",
        ),
        Seed::new("nested", "not not ((a != 1) and (b >= 2 or (c > 3 and d <= 4)))"),
        Seed::new(
            "paths",
            r#"authors[].name contains_text "x" and `a.b`.`and`[][] exists or a.b.c != 1"#,
        ),
        Seed::new(
            "dates",
            r#"a >= date("2025-01-31") and a < DATE( "2025-01-31T10:00:00.000001+02:00" )"#,
        ),
        Seed::new("nearly-dates", r#"a = date("2025-02-29T24:00:00") or a. = date("#),
        Seed::new("nearly", "lang == \"en\" and year = 1.2.3 or or @id = 1"),
        Seed::new("unfinished", "a in [1, \"b"),
    ]
}

/// Random bytes that stand for what their names say.
pub(crate) fn built_seeds() -> Vec<Seed> {
    let valid = |data: &[u8]| {
        built(data).ok().filter(|(filter, batch, schema)| {
            filter.check().is_ok() && batch.check_input(schema).is_ok()
        })
    };
    vec![
        seed::drawn("a-tree-over-records", 300, |data| {
            valid(data).is_some_and(|(filter, batch, _)| {
                filter.to_string().len() > 120 && batch.changes().len() > 5
            })
        }),
        seed::drawn("ids-and-payloads", 200, |data| {
            valid(data).is_some_and(|(filter, batch, _)| {
                let text = filter.to_string();
                text.contains("@id in [\"") && text.contains(" = ") && batch.changes().len() > 2
            })
        }),
        seed::drawn("refused", 60, |data| {
            built(data).is_ok_and(|(filter, ..)| filter.check().is_err())
        }),
    ]
}
