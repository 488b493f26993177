//! Tests of queries: what can be asked of which schema.

use super::*;
use crate::text::Bm25;
use crate::{Analyzer, IdRef, Metric};

#[test]
fn words_are_asked_of_the_texts_they_were_read_for() {
    let schema = Schema::builder().dense("vector", 1, Metric::Dot).text("body", Analyzer::words());
    let schema = schema.build().unwrap();
    let text = TextQuery::parse("red fox", Analyzer::words()).unwrap();
    let query = Query::nearest(&text, 1);
    query.with_field("body").check(&schema).unwrap();
    let kind = |query: Query<'_>| query.check(&schema).unwrap_err().kind();
    assert_eq!(kind(query), ErrorKind::ElementMismatch);
    assert_eq!(kind(query.with_field("other")), ErrorKind::UnknownField);
    let vector = Query::nearest(VectorRef::new(&[1.0]).unwrap(), 1);
    assert_eq!(kind(vector.with_field("body")), ErrorKind::ElementMismatch);
    for (k1, b) in [(-0.1, 0.5), (f64::NAN, 0.5), (f64::INFINITY, 0.5), (1.0, 1.1), (1.0, f64::NAN)]
    {
        let text = text.clone().with_bm25(Bm25 { k1, b });
        let query = Query::nearest(&text, 1).with_field("body");
        assert_eq!(query.check(&schema).unwrap_err().kind(), ErrorKind::InvalidQuery);
    }
    assert_eq!(query.vector().unwrap_err().kind(), ErrorKind::NotSupported);
}

#[test]
fn a_query_for_nothing_is_refused() {
    let schema = Schema::new(2, Metric::Cosine).unwrap();
    let (vector, zero) = ([1.0, 0.0], [0.0, 0.0]);
    let vector = VectorRef::new(&vector).unwrap();
    let good = Query::nearest(vector, 1);
    assert!(good.check(&schema).is_ok());
    assert!(Query::within(vector, f64::INFINITY, 1).check(&schema).is_ok());
    assert!(Query::within(vector, -1.0, 1).check(&schema).is_ok());
    for (bad, kind) in [
        (Query::nearest(vector, 0), ErrorKind::InvalidQuery),
        (Query::within(vector, 1.0, 0), ErrorKind::InvalidQuery),
        (Query::within(vector, f64::NAN, 1), ErrorKind::InvalidQuery),
        (good.with_threads(0), ErrorKind::InvalidQuery),
        (good.with_accuracy(Accuracy::Recall(0.0)), ErrorKind::InvalidQuery),
        (Query::nearest(VectorRef::new(&[1.0]).unwrap(), 1), ErrorKind::DimensionMismatch),
        (Query::nearest(VectorRef::new(&zero).unwrap(), 1), ErrorKind::InvalidVector),
    ] {
        let error = bad.check(&schema).unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, Some("search")));
        let error = Query::check_batch(&[good, bad], &mut [Hits::new(), Hits::new()], &schema);
        assert_eq!(error.unwrap_err().kind(), kind);
    }
}

#[test]
fn a_batch_needs_one_buffer_per_query_and_empties_them_all() {
    let schema = Schema::new(1, Metric::Dot).unwrap();
    let query = Query::nearest(VectorRef::new(&[1.0]).unwrap(), 1);
    let mut full = Hits::new();
    full.push(IdRef::Number(1), 0.0, None);
    for (queries, buffers) in [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 1)] {
        let mut hits = vec![full.clone(); buffers];
        let checked = Query::check_batch(&vec![query; queries], &mut hits, &schema);
        assert_eq!(checked.is_ok(), queries == buffers, "{queries} into {buffers}");
        assert!(hits.iter().all(Hits::is_empty));
        let kind = checked.err().map(|error| error.kind());
        assert!(matches!(kind, None | Some(ErrorKind::InvalidQuery)));
    }
}
