//! Means of stored vectors, to search near them.

use fastrand::Rng;
use iqdb_core::{Element, ErrorKind, Examples, Metric, Record, RecordId, Result, Schema, Vector};

use crate::check::exact::{difference, same_vector};
use crate::check::refusal::assert_refused;
use crate::differential::Differential;
use crate::further::{as_vector, mean};
use crate::generate::corpus::Distribution;
use crate::shapes::{self, Held};
use crate::{Harness, Outcome};

pub(super) fn a_mean_of_examples_is_that_of_the_model(harness: &Harness) -> Result<Outcome> {
    let held = Held::of(harness, shapes::all()?)?;
    let mut rng = Rng::with_seed(3);
    for schema in &held.schemas {
        let pair = Differential::after_churn(harness, schema, 40, Distribution::Smooth)?;
        let snapshot = pair.site.snapshot()?;
        for field in schema.fields() {
            let of = |record: &&Record| record.vector(field.name()).is_some();
            let ids: Vec<RecordId> =
                pair.model.records().filter(of).map(|record| record.id.clone()).collect();
            let kind = field.kind();
            if ids.is_empty() || kind.element() == Some(Element::Binary) {
                continue;
            }
            for n in 0..12 {
                let mut some = |most: usize| -> Vec<RecordId> {
                    (0..most).map(|_| ids[rng.usize(..ids.len())].clone()).collect()
                };
                let (positive, negative) = (some(1 + n % 4), some(n / 4));
                let examples = Examples { positive: &positive, negative: &negative };
                let found = pair.questions().mean_of(&*snapshot, Some(field.name()), examples);
                let like = pair.model.get(&positive[0]).and_then(|it| it.vector(field.name()));
                let Some(like) = like else { continue };
                let expected = as_vector(&mean(&pair.model, field.name(), examples), like);
                match (found, expected) {
                    (Ok(found), Ok(expected)) => assert!(
                        same_vector(found.as_ref(), expected.as_ref()),
                        "the mean of {examples:?} in {field:?}: {}",
                        difference(&found, &expected)
                    ),
                    // Of terms that all cancel out nothing is left.
                    (found, expected) => assert!(
                        found.is_err() && expected.is_err(),
                        "the mean of {examples:?} in {field:?}: {}",
                        difference(&found, &expected)
                    ),
                }
            }
        }
    }
    Ok(held.outcome())
}

pub(super) fn examples_have_to_be_there(harness: &Harness) -> Result<Outcome> {
    let schema = Schema::new(2, Metric::Euclidean)?;
    let records = [Record::new(1, [1.0, 2.0])?, Record::new(2, [3.0, 5.0])?];
    let records = records.into_iter().chain([Record::without_vector(3)]);
    let pair = Differential::of(harness, &schema, records)?;
    let snapshot = pair.site.snapshot()?;
    let ids: [RecordId; 4] = [1, 2, 3, 4].map(RecordId::from);
    for (positive, negative, field, kind) in [
        (&[][..], &ids[..1], None, ErrorKind::InvalidQuery),
        (&ids[..3], &[], None, ErrorKind::InvalidQuery),
        (&ids[..1], &ids[2..3], None, ErrorKind::InvalidQuery),
        (&ids[3..], &[], None, ErrorKind::InvalidQuery),
        (&ids[..1], &ids[3..], None, ErrorKind::InvalidQuery),
        (&ids[..1], &[], Some("absent"), ErrorKind::UnknownField),
    ] {
        let examples = Examples { positive, negative };
        let found = pair.questions().mean_of(&*snapshot, field, examples);
        assert_refused(found, kind, format_args!("{examples:?} in {field:?}"));
    }
    let examples = Examples { positive: &ids[..1], negative: &ids[1..2] };
    let found = pair.questions().mean_of(&*snapshot, None, examples)?;
    assert_eq!(found, Vector::try_from([-1.0, -1.0])?);
    let bits =
        Schema::builder().dense("bits", 9, Metric::Hamming).element(Element::Binary).build()?;
    if harness.limits()?.check(&bits).is_ok() {
        let record = Record::without_vector(1).with_vector("bits", Vector::binary(9, [1, 0])?)?;
        let pair = Differential::of(harness, &bits, [record])?;
        let examples = Examples { positive: &ids[..1], negative: &[] };
        let found = pair.questions().mean_of(&*pair.site.snapshot()?, Some("bits"), examples);
        assert_refused(found, ErrorKind::NotSupported, "the mean of bits");
    }
    Ok(Outcome::Kept)
}
