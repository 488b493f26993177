//! What filters mean and how they are written, statement by statement.

mod limits;
mod meaning;

use std::cell::Cell;

use proptest::prelude::*;

use super::*;
use crate::value_tests::{any_scalar, any_value};
use crate::{
    IdRef, Metric, Narrow, Path, Payload, PayloadRef, Record, RecordId, RowMask, Uuid, Vector,
};

#[test]
fn printing_is_canonical() {
    for (text, printed) in [
        ("( ( a=1 ) )", "a = 1"),
        ("a=1 AND (b!=2 aNd c<3.0)", "a = 1 and b != 2 and c < 3.0"),
        ("a=1 and b=2 or c=3", "(a = 1 and b = 2) or c = 3"),
        ("not not not a exists", "not a exists"),
        ("NOT (a is NULL)", "not a is null"),
        (r"`and` = 1 and `od\`d` exists", r"`and` = 1 and `od\`d` exists"),
        (r"`a\nb\\\u{202e}\u{69}` = 1", r"`a\nb\\\u{202e}i` = 1"),
        ("`plain` = 1", "plain = 1"),
        ("_a.b-9=1", "_a.b-9 = 1"),
        ("`a`.`and`.`b.c`[].`9`=1", "a.and.`b.c`[].`9` = 1"),
        ("`not`.x exists", "`not`.x exists"),
        ("date = DATE(\"2025-01-31\")", "date = date(\"2025-01-31T00:00:00Z\")"),
        ("a > date(\"2025-01-31T10:00:00.120+02:00\")", "a > date(\"2025-01-31T08:00:00.12Z\")"),
        ("@HAS image and not @has`a.b`", "@has image and not @has `a.b`"),
        ("a CONTAINS_TEXT \"b\"", "a contains_text \"b\""),
        ("`9a` = 1", "`9a` = 1"),
        (
            "@id in [\"b\", 7, \"b\", uuid \"67E55044-10B1-426F-9247-BB680E5FE0C8\"]",
            "@id in [7, uuid \"67e55044-10b1-426f-9247-bb680e5fe0c8\", \"b\"]",
        ),
        ("a = \"\\u{1f600}\\n\\\"\"", "a = \"😀\\n\\\"\""),
        (r#"a = 'b "c" \'d\''"#, r#"a = "b \"c\" 'd'""#),
        ("a in ['b', \"b\", 'c']", "a in [\"b\", \"c\"]"),
        (
            "a > date('2025-01-31') and @id in ['b']",
            "a > date(\"2025-01-31T00:00:00Z\") and @id in [\"b\"]",
        ),
        ("a > -1e300", "a > -1e300"),
        ("a in [1,true , null,\"x\", 1.0]", "a in [null, true, 1, \"x\"]"),
    ] {
        let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.to_string(), printed);
        assert_eq!(printed.parse::<Filter>().unwrap(), filter);
    }
}

#[test]
fn a_parse_error_names_the_column_and_what_was_expected() {
    let texts = [
        "",
        "lang",
        "lang = ",
        "lang = en",
        "lang == \"en\"",
        "lang = \"en",
        "lang = \"\\q\"",
        "lang = 'en",
        "lang = 'en\"",
        "lang = '\\\"'",
        "lang = \"en\" year = 1",
        "(lang exists",
        "lang in \"en\"",
        "lang in [1 2]",
        "lang in [1,",
        "and = 1",
        "@key in [1]",
        "@id = 1",
        "@id in [-1]",
        "@hat image",
        "@has",
        "@has a.b",
        "@id in [uuid \"x\"]",
        "year = 1.2.3",
        "year = 99999999999999999999",
        "year = 1e999",
        "year = -",
        "year = 1-2",
        "(year = 1e)",
        "a is 1",
        "a starts_with 1",
        "naïve = 1",
        "ünter = 1 and",
        "`open = 1",
        "`a\\\"` = 1",
        "`` = 1",
        "a = [1]",
        "not",
        "a = 1 or or b = 2",
        "a. = 1",
        "a..b = 1",
        "a[0] = 1",
        "a.`b = 1",
        "not.a = 1",
        "a contains_text b",
        "a = date",
        "a = date(2025)",
        "a = date(\"2025-02-29\")",
        "a = date(\"2025-01-31\"",
        "a = {}",
        "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a = 1",
    ];
    let report: String = texts
        .iter()
        .map(|text| match text.parse::<Filter>() {
            Ok(filter) => panic!("{text} was read as {filter}"),
            Err(error) => format!("{text}\n    {error}\n"),
        })
        .collect();
    insta::assert_snapshot!(report);
}

fn any_path() -> impl Strategy<Value = Path> {
    let key = || {
        prop_oneof![
            4 => "[abc]",
            1 => ".{1,8}",
            1 => prop::sample::select(vec!["and", "NOT", "id", "date", "is"]).prop_map(String::from),
        ]
    };
    let steps = prop_oneof![
        3 => Just(Vec::new()),
        1 => prop::collection::vec(prop::option::of(key()), 0..3),
    ];
    (key(), steps).prop_map(|(first, steps)| {
        steps.into_iter().fold(Path::key(first), |path, step| match step {
            Some(key) => path.then(key),
            None => path.each(),
        })
    })
}

fn any_id() -> impl Strategy<Value = RecordId> {
    prop_oneof![
        (0_u64..4).prop_map(RecordId::from),
        any::<u128>().prop_map(|bits| RecordId::from(Uuid::from_u128(bits))),
        any::<String>().prop_map(RecordId::from),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let comparison = prop::sample::select(vec![
        Comparison::Eq,
        Comparison::Ne,
        Comparison::Lt,
        Comparison::Le,
        Comparison::Gt,
        Comparison::Ge,
    ]);
    let leaf = prop_oneof![
        (any_path(), comparison, any_scalar()).prop_map(|(f, c, v)| Filter::compare(f, c, v)),
        (any_path(), prop::collection::vec(any_scalar(), 0..4))
            .prop_map(|(f, v)| Filter::is_in(f, v)),
        (any_path(), any_scalar()).prop_map(|(f, v)| Filter::contains(f, v)),
        (any_path(), "[ab]{0,2}").prop_map(|(f, p)| Filter::starts_with(f, p)),
        (any_path(), "[ab]{0,2}").prop_map(|(f, t)| Filter::contains_text(f, t)),
        any_path().prop_map(Filter::exists),
        any_path().prop_map(Filter::is_null),
        prop::collection::vec(any_id(), 0..4).prop_map(Filter::id_in),
        any_field().prop_map(Filter::has),
    ];
    leaf.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(Filter::not),
        ]
    })
}

fn any_payload() -> impl Strategy<Value = Payload> {
    prop::collection::vec(("[abc]", any_value()), 0..4)
        .prop_map(|entries| entries.into_iter().collect())
}

/// One of the fields of [`Rows`].
fn any_field() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["all", "some", "none"])
}

fn schema() -> Schema {
    let fields = ["all", "some", "none"].into_iter();
    fields
        .fold(Schema::builder(), |schema, name| schema.dense(name, 1, Metric::Dot))
        .build()
        .unwrap()
}

/// A block over payloads, some of whose predicates are answered by column. Of its fields one is in
/// all rows, one in `some`, and one in none.
struct Rows {
    payloads: Vec<Payload>,
    by_column: bool,
    all: Present,
    some: Present,
}

/// The column of a field; no test reads its vectors.
struct Present(Option<Vec<u32>>);

impl crate::VectorColumn for Present {
    fn rows_of(&self) -> Option<&[u32]> {
        self.0.as_deref()
    }
    fn rows(&self, _: std::ops::Range<usize>) -> Result<crate::RowsRef<'_>> {
        panic!("a filter reads no vector")
    }
    fn rows_some(&self, _: std::ops::Range<usize>, _: &[u32]) -> Result<crate::RowsRef<'_>> {
        panic!("a filter reads no vector")
    }
}

impl Rows {
    fn new(payloads: Vec<Payload>, by_column: bool) -> Self {
        let some = (0..payloads.len() as u32).filter(|row| row % 3 == 1).collect();
        Self { payloads, by_column, all: Present(None), some: Present(Some(some)) }
    }

    fn record(&self, row: usize) -> Record {
        let vector = || Some(Vector::try_from([1.0]).unwrap());
        let mut record =
            Record::without_vector(row as u64).with_payload(self.payloads[row].clone());
        record.set_vector("all", vector());
        record.set_vector("some", if row % 3 == 1 { vector() } else { None });
        record
    }
}

impl crate::BlockSource for Rows {
    fn column(&self, field: crate::FieldId) -> Result<Option<&dyn crate::VectorColumn>> {
        Ok(match field.index() {
            0 => Some(&self.all),
            1 => Some(&self.some),
            _ => None,
        })
    }
    fn clear_dead(&self, _: crate::Version, live: &mut Narrow<'_>) -> Result<()> {
        live.clear(0);
        Ok(())
    }
    fn is_alive(&self, _: usize, _: crate::Version) -> Result<bool> {
        Ok(false)
    }
    fn ended(&self, _: crate::Version, _: crate::Version, _: &mut Vec<u32>) -> Result<bool> {
        Ok(true)
    }
    fn id(&self, row: usize) -> Result<IdRef<'_>> {
        Ok(IdRef::Number(row as u64))
    }
    fn payload(&self, row: usize) -> Result<PayloadRef<'_>> {
        Ok((&self.payloads[row]).into())
    }
    fn matching(&self, leaf: &Predicate, mask: &mut Narrow<'_>) -> Result<bool> {
        let by_column =
            self.by_column && leaf.path().is_some_and(|path| path.first_key().unwrap() == "a");
        if by_column {
            mask.retain(|row| leaf.matches_payload(&self.payload(row)?))?;
        }
        Ok(by_column)
    }
}

/// Depth and terms, counted anew from the expression.
fn measured(filter: &Filter) -> (usize, usize) {
    match filter.expr().unwrap() {
        Expr::And(operands) | Expr::Or(operands) => {
            let each: Vec<_> = operands.iter().map(measured).collect();
            let depth = each.iter().map(|(depth, _)| depth).max().unwrap();
            (depth + 1, each.iter().map(|(_, terms)| terms).sum::<usize>() + 1)
        }
        Expr::Not(operand) => {
            let (depth, terms) = measured(operand);
            (depth + 1, terms + 1)
        }
        Expr::Is(Predicate::In { values, .. }) => (1, 1 + values.as_slice().len()),
        Expr::Is(Predicate::IdIn { ids }) => (1, 1 + ids.as_slice().len()),
        Expr::Is(_) => (1, 1),
    }
}

#[test]
fn a_path_that_cannot_be_read_is_no_condition_that_is_false() {
    let filter = Filter::ne("a b", 1);
    let record = Record::without_vector(1).with("a b", 2);
    assert!(filter.matches(&record).is_err());
    assert!(filter.not().matches(&record).is_err());
}

#[test]
fn a_filter_of_many_conditions_is_left_between_two_of_them() {
    let rows = Rows::new(vec![Payload::new(); 5_000], true);
    let schema = schema();
    let block = crate::Block::new(&rows, &schema, 5_000, crate::Version(1)).unwrap();
    let joined = |filter: fn(Filter, Filter) -> Filter, key: &str| {
        (0..100).map(|n| Filter::eq(key, n)).reduce(filter).unwrap()
    };
    // Conditions that a column answers, and one that is asked row by row.
    for (filter, looks) in [
        (joined(Filter::or, "a"), 100),
        (joined(Filter::and, "a").not(), 100),
        (Filter::eq("b", 1), 5),
    ] {
        for most in [0, 1, looks - 1, looks] {
            let looked = Cell::new(0);
            let go_on = || match looked.get() == most {
                true => Err(Error::new(ErrorKind::Cancelled, "that's enough")),
                false => {
                    looked.set(looked.get() + 1);
                    Ok(())
                }
            };
            let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
            let all = 0..block.len();
            let selected = block.select_while(all, Some(&filter), &mut mask, &mut pool, &go_on);
            assert_eq!(selected.is_ok(), most == looks, "{most} looks at {filter}");
            looked.set(0);
            let matching = block.matching(&filter, &mut mask, &mut pool, &go_on);
            assert_eq!(matching.is_ok(), most == looks, "{most} looks at {filter}");
        }
    }
}

proptest! {
    #[test]
    fn a_filter_knows_its_size(filter in any_filter()) {
        let size = filter.0.as_ref().unwrap().size;
        prop_assert_eq!((size.depth, filter.terms()), measured(&filter));
        let printed = filter.to_string().len();
        prop_assert!(size.text_bytes >= printed, "{} < {printed}", size.text_bytes);
        prop_assert!(size.text_bytes <= printed + 3 * size.terms, "{} for {printed}", size.text_bytes);
    }

    #[test]
    fn parsing_undoes_printing(filter in any_filter()) {
        let text = filter.to_string();
        let parsed: Filter = text.parse().map_err(|error| {
            TestCaseError::fail(format!("{text}: {error}"))
        })?;
        prop_assert_eq!(&parsed, &filter);
        prop_assert_eq!(parsed.to_string(), text);
    }

    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = text.parse::<Filter>();
    }

    #[test]
    fn no_mutation_of_a_filter_panics(filter in any_filter(), cut in 0_usize..200, with in ".{0,2}") {
        let mut characters: Vec<char> = filter.to_string().chars().collect();
        let cut = cut.min(characters.len());
        characters.splice(cut.., with.chars());
        let _ = characters.into_iter().collect::<String>().parse::<Filter>();
    }

    #[test]
    fn a_mask_is_what_asking_each_row_leaves(
        filter in any_filter(),
        payloads in prop::collection::vec(any_payload(), 1..100),
        by_column in any::<bool>(),
    ) {
        let rows = Rows::new(payloads, by_column);
        let schema = schema();
        let len = rows.payloads.len();
        let block = crate::Block::new(&rows, &schema, len, crate::Version(1)).unwrap();
        let (mut mask, mut pool) = (RowMask::new(), MaskPool::default());
        block.select(0..block.len(), Some(&filter), &mut mask, &mut pool).unwrap();
        for row in 0..rows.payloads.len() {
            let matches = filter.matches(&rows.record(row)).unwrap();
            prop_assert_eq!(filter.matches(&block.record(row).unwrap()).unwrap(), matches);
            prop_assert_eq!(mask.contains(row), row > 0 && matches, "row {}", row);
        }
    }

    #[test]
    fn not_is_the_plain_complement(filter in any_filter(), payload in any_payload()) {
        let record = Record::without_vector(1).with_payload(payload);
        let matches = filter.matches(&record).unwrap();
        prop_assert_eq!(filter.clone().not().matches(&record).unwrap(), !matches);
        prop_assert_eq!(filter.clone().not().not(), filter);
    }
}
