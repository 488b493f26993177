//! Prints a script as Rust source: a complete regression test.
//!
//! Each value is printed to the last bit, in the public vocabulary of iqdb-core.

use std::fmt::Write as _;

use iqdb_core::{
    Batch, Change, Element, Field, FieldKind, Filter, Goal, IdRef, Map, Record, RecordId, Schema,
    Value, VectorRef,
};

use crate::check::exact::shortened;
use crate::differential::play::Disagreement;
use crate::generate::operation::{Operation, Question};
use crate::generate::script::Script;

/// From how many bytes on no further operation is printed.
const PRINTED_BYTES_MAX: usize = 256 << 10;

/// How much of an operation is shown where it is no source to compile.
const SHOWN_CHARS: usize = 2_000;

/// A whole `#[test]`, for a module in which `conformance_tests!` is. One that is too long to print
/// says how many operations it lacks.
pub(crate) fn test(name: &str, script: &Script) -> String {
    let mut body = String::new();
    for (n, operation) in script.operations.iter().enumerate() {
        if body.len() >= PRINTED_BYTES_MAX {
            let more = script.operations.len() - n;
            let _ =
                writeln!(body, "        // And {more} operations more, which the seed replays.");
            break;
        }
        let _ = writeln!(body, "        {},", self::operation(operation));
    }
    let schema = schema(&script.schema);
    let mut core: Vec<&str> = [
        "Batch", "DateTime", "Element", "Filter", "Goal", "Map", "Metric", "Payload", "Record",
        "RecordId", "Rows", "Schema", "Uuid", "Value", "Vector", "Version", "bf16", "f16",
    ]
    .into_iter()
    .filter(|name| is_named(name, &body) || is_named(name, &schema))
    .collect();
    core.sort_unstable();
    let mut suite = vec!["Operation", "replay"];
    if body.contains("Question::") {
        suite.insert(1, "Question");
    }
    format!(
        "#[test]\nfn {name}() {{\n    use iqdb_conformance::{{{}}};\n    use iqdb_core::{{{}}};\n\n    \
         let schema = {schema};\n    let operations = vec![\n{body}    ];\n    \
         replay(&conformance_harness(), schema, operations);\n}}\n",
        suite.join(", "),
        core.join(", "),
    )
}

/// Whether `name` is in the source as a path or a call, and not as the end of a longer name.
fn is_named(name: &str, source: &str) -> bool {
    source.match_indices(name).any(|(at, _)| {
        let after = &source[at + name.len()..];
        let is_whole = !source[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        is_whole && (after.starts_with("::") || after.starts_with('('))
    })
}

/// The schema as an expression.
fn schema(schema: &Schema) -> String {
    let mut text = match schema.fields() {
        [field] if field.name() == Field::DEFAULT => match field.kind() {
            FieldKind::Dense { dim, metric, element: Element::F32 } => {
                return format!("Schema::new({dim}, Metric::{metric:?}).unwrap()");
            }
            _ => "Schema::builder()".to_owned(),
        },
        _ => "Schema::builder()".to_owned(),
    };
    for field in schema.fields() {
        let name = self::text(field.name());
        let _ = match field.kind() {
            FieldKind::Dense { dim, metric, element: Element::F32 } => {
                write!(text, ".dense({name}, {dim}, Metric::{metric:?})")
            }
            FieldKind::Dense { dim, metric, element } => {
                let element = format!("element(Element::{element:?})");
                write!(text, ".dense({name}, {dim}, Metric::{metric:?}).{element}")
            }
            FieldKind::Sparse { metric } => write!(text, ".sparse({name}, Metric::{metric:?})"),
            kind => write!(text, ".field({name}, FieldKind::{kind:?})"),
        };
    }
    text + ".build().unwrap()"
}

/// A disagreement: at which step and operation it arose, and what differs.
pub(crate) fn disagreement(
    script: &Script,
    Disagreement { step, message }: &Disagreement,
) -> String {
    let operation = script.operations.get(*step);
    let operation = operation.map(|operation| shortened(&self::operation(operation), SHOWN_CHARS));
    let operation = operation.as_deref().unwrap_or("the final check");
    format!("step {step}, in {operation}: {message}")
}

/// An operation as an expression.
pub(crate) fn operation(operation: &Operation) -> String {
    match operation {
        Operation::Apply(batch) => format!("Operation::Apply({})", self::batch(batch)),
        Operation::DeleteWhere(filter) => format!("Operation::DeleteWhere({})", parsed(filter)),
        Operation::Get(id) => format!("Operation::Get(RecordId::from({}))", self::id(id)),
        Operation::Count(filter) => format!("Operation::Count({})", parsed(filter)),
        Operation::Search(questions) => {
            let questions: Vec<_> = questions.iter().map(question).collect();
            format!("Operation::Search(vec![{}])", questions.join(", "))
        }
        Operation::KeepSnapshot => "Operation::KeepSnapshot".to_owned(),
        Operation::CheckSnapshots => "Operation::CheckSnapshots".to_owned(),
        Operation::Flush => "Operation::Flush".to_owned(),
        Operation::Reopen { after_kill } => {
            format!("Operation::Reopen {{ after_kill: {after_kill} }}")
        }
    }
}

fn batch(batch: &Batch) -> String {
    let mut text = "Batch::new()".to_owned();
    for change in batch.changes() {
        text += "\n            ";
        match change {
            Change::Upsert(record) => {
                let (record, fields) = (self::record(record), entries(record.payload.as_map()));
                let _ = write!(text, ".upsert({record}{fields})");
            }
            Change::Delete(gone) => {
                let _ = write!(text, ".delete({})", id(gone));
            }
            Change::SetPayload(of, payload) => {
                let entries = entries(payload.as_map());
                let _ = write!(text, ".set_payload({}, Payload::new(){entries})", id(of));
            }
            Change::Insert(record) | Change::InsertIfAbsent(record) => {
                let method = match change {
                    Change::Insert(_) => "insert",
                    _ => "insert_if_absent",
                };
                let (record, fields) = (self::record(record), entries(record.payload.as_map()));
                let _ = write!(text, ".{method}({record}{fields})");
            }
            Change::MergePayload(of, patch) => {
                let entries = entries(patch.as_map());
                let _ = write!(text, ".merge_payload({}, Payload::new(){entries})", id(of));
            }
            Change::UpsertRows(rows) => {
                let records = rows.to_records();
                let each = records.iter().map(|record| {
                    format!("{}{}", self::record(record), entries(record.payload.as_map()))
                });
                let each = each.collect::<Vec<_>>().join(", ");
                let _ = write!(text, ".upsert_rows(Rows::of_records(&schema, &[{each}]).unwrap())");
            }
            Change::DeleteWhere(filter) => {
                let _ = write!(text, ".delete_where({})", parsed(filter));
            }
            Change::SetVectors(of, vectors) => {
                let each = vectors.iter().map(|(name, set)| match set {
                    Some(set) => {
                        let set = vector(set.as_ref());
                        format!("({}.into(), Some({set}.try_into().unwrap()))", self::text(name))
                    }
                    None => format!("({}.into(), None)", self::text(name)),
                });
                let each: Vec<String> = each.collect();
                let _ = write!(text, ".set_vectors({}, vec![{}])", id(of), each.join(", "));
            }
            other => panic!("the printer doesn't know the statement {other:?}"),
        }
    }
    if let Some(version) = batch.expected_version() {
        let _ = write!(text, "\n            .expect_version(Version({}))", version.0);
    }
    text
}

/// A record without its payload.
fn record(record: &Record) -> String {
    let id = id(&record.id);
    match record.only_vector() {
        Ok(only) if record.vector(Field::DEFAULT).is_some() => {
            format!("Record::new({id}, {}).unwrap()", vector(only))
        }
        _ => record.vectors().fold(format!("Record::without_vector({id})"), |text, (name, it)| {
            format!("{text}.with_vector({}, {}).unwrap()", self::text(name), vector(it))
        }),
    }
}

fn id(id: &RecordId) -> String {
    match id.as_ref() {
        IdRef::Number(number) => number.to_string(),
        IdRef::Uuid(uuid) => format!("Uuid::from_u128({:#x})", uuid.as_u128()),
        IdRef::Text(text) => self::text(text),
    }
}

/// A string. A long run of one character prints as `"x".repeat(513)`, which a person can read.
fn text(text: &str) -> String {
    match text.chars().next() {
        Some(first) if text.chars().count() > 40 && text.chars().all(|c| c == first) => {
            format!("{:?}.repeat({})", first.to_string(), text.chars().count())
        }
        _ => format!("{text:?}"),
    }
}

fn vector(vector: VectorRef<'_>) -> String {
    match vector {
        VectorRef::F32(vector) => floats(&vector),
        VectorRef::F16(vector) => {
            let components: Vec<_> =
                vector.iter().map(|x| format!("f16::from_f32({x:?})")).collect();
            format!("[{}]", components.join(", "))
        }
        VectorRef::BF16(vector) => {
            let components: Vec<_> =
                vector.iter().map(|x| format!("bf16::from_f32({x:?})")).collect();
            format!("[{}]", components.join(", "))
        }
        VectorRef::I8(vector) => {
            let components: Vec<_> = vector.iter().map(|x| format!("{x}_i8")).collect();
            format!("[{}]", components.join(", "))
        }
        VectorRef::Binary(vector) => {
            let bytes: Vec<_> = vector.bytes().iter().map(|x| format!("{x:#04x}")).collect();
            format!("Vector::binary({}, [{}]).unwrap()", vector.dim(), bytes.join(", "))
        }
        VectorRef::Sparse(vector) => {
            let (indices, weights) = (vector.indices(), floats(vector.weights()));
            format!("Vector::sparse({indices:?}, {weights}).unwrap()")
        }
    }
}

fn floats(components: &[f32]) -> String {
    match components {
        [first, rest @ ..]
            if rest.len() > 8 && rest.iter().all(|x| x.to_bits() == first.to_bits()) =>
        {
            format!("[{first:?}; {}]", components.len())
        }
        _ => format!("{components:?}"),
    }
}

/// The entries of a payload or a map, as calls that set them.
fn entries(map: &Map) -> String {
    let entry = |(key, value)| format!(".with({}, {})", text(key), self::value(value));
    map.iter().map(entry).collect()
}

fn value(printed: &Value) -> String {
    match printed {
        Value::Null => "Value::Null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => format!("{value}_i64"),
        Value::Float(value) => float(*value),
        Value::DateTime(value) => format!("DateTime::from_micros({}).unwrap()", value.as_micros()),
        Value::Text(value) => text(value),
        Value::Map(map) => format!("Map::new(){}", entries(map)),
        Value::List(values) if values.is_empty() => "Value::from(Vec::<Value>::new())".to_owned(),
        Value::List(values) => {
            let element = |element: &Value| match element {
                Value::Null => value(element),
                _ => format!("Value::from({})", value(element)),
            };
            let values: Vec<_> = values.iter().map(element).collect();
            format!("Value::from(vec![{}])", values.join(", "))
        }
    }
}

fn float(value: f64) -> String {
    match value {
        value if value.is_nan() => "f64::NAN".to_owned(),
        f64::INFINITY => "f64::INFINITY".to_owned(),
        f64::NEG_INFINITY => "f64::NEG_INFINITY".to_owned(),
        value => format!("{value:?}_f64"),
    }
}

/// A filter by its text, which reads back as the same filter.
fn parsed(filter: &Filter) -> String {
    format!("{:?}.parse().unwrap()", filter.to_string())
}

fn question(question: &Question) -> String {
    let count = |count: usize| match count {
        usize::MAX => "usize::MAX".to_owned(),
        count => count.to_string(),
    };
    let goal = match question.goal {
        Goal::Nearest { k } => format!("Goal::Nearest {{ k: {} }}", count(k)),
        Goal::Within { distance, limit } => {
            format!("Goal::Within {{ distance: {}, limit: {} }}", float(distance), count(limit))
        }
        other => format!("Goal::{other:?}"),
    };
    let mut text = format!("Question::new({}, {goal}).unwrap()", vector(question.vector.as_ref()));
    if let Some(name) = &question.field {
        let _ = write!(text, ".with_field({})", self::text(name));
    }
    if let Some(filter) = &question.filter {
        let _ = write!(text, ".with_filter({})", parsed(filter));
    }
    if question.payload {
        text += ".with_payload(true)";
    }
    if question.threads != 1 {
        let _ = write!(text, ".with_threads({})", count(question.threads));
    }
    text
}

#[cfg(test)]
mod tests {
    use iqdb_core::{DateTime, Metric, Payload, Result, Uuid, Vector, Version, bf16, f16};

    use super::*;

    /// Compiled and run on a sound store in `defects/shrink.rs`.
    const PRINTED: &str = include_str!("../../defects/printed_values.rs");
    const PRINTED_VECTORS: &str = include_str!("../../defects/printed_vectors.rs");

    fn assert_printed(name: &str, script: &Script, file: &str) {
        let printed = test(name, script);
        let expected = file.find("#[test]").map(|at| &file[at..]);
        assert_eq!(Some(&*printed), expected, "{printed}");
    }

    #[test]
    fn every_kind_of_vector_is_printed_as_rust() -> Result<()> {
        let schema = Schema::builder()
            .dense("f16", 1, Metric::Cosine)
            .element(Element::F16)
            .dense("bf16", 1, Metric::Dot)
            .element(Element::BF16)
            .dense("i8", 2, Metric::Euclidean)
            .element(Element::I8)
            .dense("bits", 9, Metric::Hamming)
            .element(Element::Binary)
            .sparse("terms", Metric::Dot)
            .build()?;
        let record = Record::without_vector(1)
            .with_vector("f16", [f16::from_f32(0.5)])?
            .with_vector("bf16", [bf16::MAX])?
            .with_vector("i8", [-128_i8, 7])?
            .with_vector("bits", Vector::binary(9, [0x81, 0x80])?)?
            .with_vector("terms", Vector::sparse([3, 70_000], [0.5, -1.0])?)?;
        let set = vec![("f16".into(), None), ("i8".into(), Some(Vector::try_from([1_i8, 0])?))];
        let batch = Batch::new()
            .upsert(record)
            .insert_if_absent(Record::without_vector("a"))
            .set_vectors(1, set)
            .delete_where(Filter::exists("x"));
        let asked = Question::new(Vector::sparse([3], [1.0])?, Goal::Nearest { k: 2 })?;
        let operations =
            vec![Operation::Apply(batch), Operation::Search(vec![asked.with_field("terms")])];
        let script = Script::new(schema, operations);
        assert_printed("every_kind_of_vector", &script, PRINTED_VECTORS);
        Ok(())
    }

    #[test]
    fn every_kind_of_value_is_printed_as_rust() -> Result<()> {
        let uuid = Uuid::from_u128(7);
        let long = "x".repeat(600);
        let date = DateTime::from_micros(-1)?;
        let map = Map::new().with("a", date).with("b", Vec::<Value>::new());
        let list = vec![Value::Null, 1.into(), map.into()];
        let batch = Batch::new()
            .upsert(Record::new(uuid, [-0.0, f32::MAX, f32::from_bits(1)])?.with("a b", -0.0))
            .upsert(Record::new("\u{0}\"\\", [0.1, 1.0, 1e30])?.with("none", Value::Null))
            .set_payload(u64::MAX, Payload::new().with("list", list))
            .set_payload(&*long, Payload::new().with("yes", true).with("nan", f64::NAN))
            .delete(7)
            .expect_version(Version(1));
        let filter = Filter::eq("lang", "\"en\"").not().or(Filter::exists("x"));
        let within = Goal::Within { distance: 0.1, limit: 9 };
        let asked = Question::new([1.0, 2.0, 3.0], Goal::Nearest { k: usize::MAX })?;
        let operations = vec![
            Operation::Apply(Batch::new()),
            Operation::Apply(batch),
            Operation::Get(uuid.into()),
            Operation::Count(filter.clone()),
            Operation::KeepSnapshot,
            Operation::DeleteWhere(filter.clone()),
            Operation::Search(vec![
                asked.with_filter(filter).with_payload(true),
                Question::new([0.0, 0.0, 1.0], within)?.with_threads(7),
            ]),
            Operation::CheckSnapshots,
            Operation::Flush,
            Operation::Reopen { after_kill: true },
        ];
        let script = Script::new(Schema::new(3, Metric::Dot)?, operations);
        assert_printed("every_kind_of_value", &script, PRINTED);
        Ok(())
    }
}
