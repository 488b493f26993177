//! What is as long as the contract allows: texts, lists, payloads, filters and vectors, of which some differ
//! at their ends only.

use iqdb_core::limits::{
    FILTER_TERMS_MAX, LIST_LEN_MAX, PAYLOAD_BYTES_MAX, PAYLOAD_KEYS_MAX, SPARSE_TERMS_MAX,
};
use iqdb_core::{
    Batch, Budget, Direction, Element, Field, FieldKind, Filter, List, Metric, Page, Path, Payload,
    Query, Record, RecordId, Result, Schema, SnapshotExt, Value, Vector, bf16, f16,
};

use super::reading::{check_aggregates, check_pages};
use super::values::check_filter;
use crate::check::check_queries;
use crate::check::exact::{assert_is, assert_record};
use crate::check::reading::ordered;
use crate::differential::Differential;
use crate::generate::vectors;
use crate::{Harness, Outcome};

fn schema() -> Result<Schema> {
    Schema::new(2, Metric::Euclidean)
}

/// A store with a record for each payload, numbered from 0.
fn store(harness: &Harness, payloads: Vec<Payload>) -> Result<Differential<'_>> {
    let records = (0_u64..).zip(payloads);
    let records = records.map(|(id, it)| Ok(Record::new(id, [id as f32, 0.5])?.with_payload(it)));
    Differential::of(harness, &schema()?, records.collect::<Result<Vec<Record>>>()?)
}

/// Lengths around those at which an index, a page or a length in a file cuts a text off.
const TEXT_LENGTHS: [usize; 7] = [60, 255, 1_030, 2_712, 32_767, 65_540, 400_000];

pub(super) fn long_texts_are_told_apart(harness: &Harness) -> Result<Outcome> {
    // Of each length two that differ in their last character, and one that lacks it; the greater one first.
    let texts: Vec<String> = TEXT_LENGTHS
        .iter()
        .flat_map(|len| ["b", "a", ""].map(|last| format!("{}{last}", "x".repeat(*len))))
        .collect();
    let payloads = texts.iter().map(|text| Payload::new().with("text", text.as_str()));
    let pair = store(harness, payloads.collect())?;
    let snapshot = pair.site.snapshot()?;
    for text in &texts {
        let end = &text[text.len() - 50..];
        for filter in [
            Filter::eq("text", text.as_str()),
            Filter::ne("text", text.as_str()),
            Filter::ge("text", text.as_str()),
            Filter::lt("text", text.as_str()),
            Filter::is_in("text", [text.as_str(), "never"]),
            Filter::starts_with("text", text.as_str()),
            Filter::contains_text("text", text.as_str()),
            Filter::contains_text("text", end),
        ] {
            check_filter(&pair, &*snapshot, &filter)?;
        }
    }
    check_orders(&pair, "text")?;
    pair.check()?;
    Ok(Outcome::Kept)
}

/// Panics unless pages in the order of a key have what the model has, and so have aggregates.
fn check_orders(pair: &Differential<'_>, key: &str) -> Result<()> {
    let (snapshot, path) = (pair.site.snapshot()?, Path::key(key));
    for direction in [Direction::Up, Direction::Down] {
        let expected = ordered(&pair.model, None, Some(key), direction)?;
        // In one page, and in some, so that cursors have the long values.
        for limit in [10_000, expected.len().div_ceil(10)] {
            let page = Page::new(limit).with_order(&path, direction);
            check_pages(&*snapshot, page, &expected, &format!("by {key} {direction:?}"))?;
        }
    }
    check_aggregates(&*snapshot, &pair.model.matching(None)?, None, key)
}

pub(super) fn many_elements_and_keys_are_told_apart(harness: &Harness) -> Result<Outcome> {
    let list = |len: usize, last: i64| -> Value {
        let numbers = (0..len as i64 - 1).chain([last]).map(Value::from);
        numbers.collect::<List>().into()
    };
    let lens = [255, 1_030, 4_100, LIST_LEN_MAX];
    let lists = lens.iter().flat_map(|len| [-1, -2].map(|last| list(*len, last)));
    let mut payloads: Vec<Payload> = lists.map(|it| Payload::new().with("list", it)).collect();
    // As many keys as one payload may have, and more than that in all records.
    let keys = (0..PAYLOAD_KEYS_MAX).map(|n| (format!("key{n}"), Value::from(n as i64)));
    payloads.push(keys.collect());
    payloads.extend((0..2_500).map(|n| Payload::new().with(format!("own{n}"), n)));
    let pair = store(harness, payloads)?;
    let snapshot = pair.site.snapshot()?;
    let mut filters = vec![Filter::contains("list", -1), Filter::eq("list[]", -2)];
    for element in lens {
        filters.push(Filter::contains("list", element as i64 - 2));
    }
    for n in [0, 99, 255, 256, 999, 1_000, 1_023] {
        let path = Path::key(format!("key{n}"));
        filters.extend([Filter::eq(path.clone(), n), Filter::exists(path)]);
    }
    for n in [0, 255, 256, 999, 1_000, 1_023, 1_024, 2_047, 2_048, 2_499] {
        let path = Path::key(format!("own{n}"));
        filters.extend([Filter::eq(path.clone(), n), Filter::exists(path)]);
    }
    for filter in &filters {
        check_filter(&pair, &*snapshot, filter)?;
    }
    let few = Filter::exists("list");
    check_aggregates(&*snapshot, &pair.model.matching(Some(&few))?, Some(&few), "key7")?;
    check_orders(&pair, "own2499")?;
    Ok(Outcome::Kept)
}

/// A filter as deep as one may be.
fn deepest(schema: &Schema) -> Filter {
    let mut deep = Filter::eq("n", 150);
    for n in 0.. {
        let deeper = match n % 2 {
            0 => Filter::eq("n", n).or(deep.clone()),
            _ => Filter::exists("n").and(deep.clone()),
        };
        if deeper.check_for(schema).is_err() {
            break;
        }
        deep = deeper;
    }
    deep
}

pub(super) fn filters_at_their_limits_are_evaluated(harness: &Harness) -> Result<Outcome> {
    const STEP: u64 = 611;
    let most = FILTER_TERMS_MAX as u64 - 2;
    // The last of the records are the last of those that the filters list.
    let records = (0..=most / STEP).map(|n| {
        let payload = Payload::new().with("n", n.cast_signed());
        Ok(Record::new(most - n * STEP, [n as f32, 0.5])?.with_payload(payload))
    });
    let mut pair = Differential::of(harness, &schema()?, records.collect::<Result<Vec<_>>>()?)?;
    let listed = (0..most).map(|n| most.cast_signed() - n.cast_signed() - 1);
    let long = "n".repeat(PAYLOAD_BYTES_MAX - 1_000);
    let any: Vec<String> = (0..20_000).map(|n| format!("n = {}", n * 7)).collect();
    let filters = [
        deepest(&schema()?),
        Filter::id_in((1..=most).map(RecordId::from)),
        Filter::is_in("n", listed),
        Filter::ne("n", long.as_str()).and(Filter::lt("n", 9)),
        any.join(" or ").parse()?,
    ];
    let asked = Vector::try_from([40.25, 0.5])?;
    for filter in &filters {
        filter.check_for(&schema()?)?;
        let snapshot = pair.site.snapshot()?;
        check_filter(&pair, &*snapshot, filter)?;
        let expected = pair.model.matching(Some(filter))?;
        assert_is!(snapshot.records(Some(filter)).count(), expected.len(), "the records");
        assert!(!expected.is_empty(), "some records match");
        check_aggregates(&*snapshot, &expected, Some(filter), "n")?;
        let query = Query::nearest(asked.as_ref(), 50).with_filter(filter);
        check_queries(&*snapshot, &pair.model, pair.search(), &[query])?;
    }
    // Deleted by each, the fewest first.
    let count = |filter: Filter| Ok((pair.model.matching(Some(&filter))?.len(), filter));
    let mut by_count = filters.into_iter().map(count).collect::<Result<Vec<_>>>()?;
    by_count.sort_by_key(|(count, _)| *count);
    for (_, filter) in by_count {
        pair.apply(&Batch::new().delete_where(filter))?;
        pair.check()?;
    }
    Ok(Outcome::Kept)
}

/// The vectors whose distances are the greatest that the kind has, and some between them.
fn extremes(kind: FieldKind) -> Result<Vec<Vector>> {
    let dim = kind.dim().unwrap_or(SPARSE_TERMS_MAX);
    let each = |value: fn(usize) -> i8| (0..dim).map(value);
    let patterns: [fn(usize) -> i8; 4] = [
        |_| 127,
        |_| -128,
        |n| if n.is_multiple_of(2) { 127 } else { -128 },
        |n| [3, -77, 100, 0, -1, 64, 5][n % 7],
    ];
    patterns
        .into_iter()
        .map(|pattern| match kind.element() {
            None => {
                let indices: Vec<u32> = (0..).take(dim - 1).chain([u32::MAX]).collect();
                Vector::sparse(
                    indices,
                    each(pattern).map(|n| f32::from(n) + 0.5).collect::<Vec<_>>(),
                )
            }
            Some(Element::I8) => Vector::try_from(each(pattern).collect::<Vec<_>>()),
            Some(Element::F16) => {
                Vector::try_from(each(pattern).map(|n| f16::from_f32(n.into())).collect::<Vec<_>>())
            }
            Some(Element::BF16) => Vector::try_from(
                each(pattern).map(|n| bf16::from_f32(n.into())).collect::<Vec<_>>(),
            ),
            Some(Element::Binary) => {
                let bytes = (0..dim.div_ceil(8)).map(|n| match pattern(n) {
                    127 => 0xff,
                    -128 => 0,
                    other => other.cast_unsigned(),
                });
                vectors::bits(dim, bytes.collect())
            }
            Some(_) => Vector::try_from(each(pattern).map(f32::from).collect::<Vec<_>>()),
        })
        .collect()
}

pub(super) fn the_longest_vectors_are_ranked_by_their_distances(
    harness: &Harness,
) -> Result<Outcome> {
    let limits = harness.limits()?;
    let mut kinds = Vec::new();
    for element in Element::ALL {
        let metrics: &[Metric] = match element {
            Element::Binary => &Metric::OF_BITS,
            _ => &Metric::OF_NUMBERS,
        };
        let dim = limits.dim(element);
        let kind = |metric| FieldKind::Dense { dim, metric, element };
        kinds.extend(metrics.iter().filter(|_| dim > 0).map(|metric| kind(*metric)));
    }
    if limits.sparse_terms() == SPARSE_TERMS_MAX {
        kinds.push(FieldKind::Sparse { metric: Metric::Dot });
    }
    for kind in kinds {
        let schema = Schema::builder().field("long", kind).build()?;
        let vectors = extremes(kind)?;
        let records = (0_u64..)
            .zip(&vectors)
            .map(|(id, vector)| Record::without_vector(id).with_vector("long", vector.clone()));
        // A vector of zeros has no direction, and no record.
        let records: Vec<Record> = records
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .filter(|it| Batch::new().upsert(it.clone()).check_input(&schema).is_ok())
            .collect();
        assert!(records.len() > 2, "{schema}: there are records");
        let pair = Differential::of(harness, &schema, records)?;
        let snapshot = pair.site.snapshot()?;
        for record in pair.model.records() {
            let found = snapshot.get(&record.id)?.map(|it| it.to_record()).transpose()?;
            assert_record(found.as_ref(), Some(record), format_args!("get in {schema}"));
            let vector = record.vector("long").expect("each has one");
            let nearest = Query::nearest(vector, usize::MAX).with_field("long").with_vector(true);
            check_queries(&*snapshot, &pair.model, pair.search(), &[nearest])?;
            for hit in pair.model.search(&nearest)? {
                let within = Query::within(vector, hit.distance, usize::MAX).with_field("long");
                check_queries(&*snapshot, &pair.model, pair.search(), &[within])?;
            }
        }
    }
    Ok(Outcome::Kept)
}

/// Fields whose names a store takes for one that keeps them in columns of another program.
pub(super) fn names_that_look_alike_are_other_fields(harness: &Harness) -> Result<Outcome> {
    // The second half has one that is like each of the first.
    let names =
        ["vector", "\u{e9}", "a.b", "a", "_", "id", "Vector", "e\u{301}", "a/b", "A", "%", "id "];
    let kind = FieldKind::Dense { dim: 2, metric: Metric::Euclidean, element: Element::F32 };
    let most = harness.limits()?.fields();
    // Half of them from the beginning, and the others added.
    let (first, added) = names[..names.len().min(most)].split_at(names.len().min(most) / 2);
    let schema = first.iter().fold(Schema::builder(), |it, name| it.field(*name, kind)).build()?;
    let mut pair = Differential::new(harness, &schema)?;
    let write = |pair: &mut Differential<'_>, n: u64| -> Result<()> {
        let fields: Vec<String> =
            pair.model.schema().fields().iter().map(|field| field.name().to_owned()).collect();
        for (at, name) in (0_u64..).zip(&fields) {
            let vector = [at as f32 + 0.5, n as f32];
            let alone = Record::without_vector(n * 100 + at);
            pair.apply(&Batch::new().upsert(alone.with_vector(name.clone(), vector)?))?;
        }
        pair.check()
    };
    write(&mut pair, 0)?;
    for (n, name) in (1..).zip(added) {
        let field = Field::new(*name, kind)?;
        let version = pair.site.add_field(field.clone(), Budget::new(), &mut ())?;
        assert_is!(version, pair.model.add_field(field, harness.limits()?)?, "of {name:?}");
        write(&mut pair, n)?;
    }
    for name in &names[..names.len().min(most)] {
        check_filter(&pair, &*pair.site.snapshot()?, &Filter::has(*name))?;
    }
    if pair.site.reopens() {
        pair.site.reopen_after_kill()?;
        pair.check()?;
        write(&mut pair, 50)?;
    }
    Ok(Outcome::Kept)
}
