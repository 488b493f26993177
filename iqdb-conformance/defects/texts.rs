//! A search for text, with a defect planted in it.

use iqdb_conformance::naive::NaiveSearch;
use iqdb_core::text::{Bm25, Terms, TextQuery, Token, Unit, ln};
use iqdb_core::{
    Explain, Hit, Hits, Input, Query, RecordId, Result, Scratch, Search, Snapshot, SnapshotExt,
};

use crate::defect::Defect;

/// Whether a defect is one of queries for text.
pub(crate) fn is_of_text(defect: Defect) -> bool {
    matches!(
        defect,
        Defect::TextCountsDeadRows
            | Defect::TextCountsWhatMatches
            | Defect::TextCountsEveryRecord
            | Defect::TextLengthIsOfDistinctWords
            | Defect::TextFrequencyIsOne
            | Defect::TextAverageIsWhole
            | Defect::TextWeightsMayBeNegative
            | Defect::TextScoresInF32
            | Defect::TextSumsBackwards
            | Defect::TextParametersAreIgnored
            | Defect::TextTiesByInsertion
            | Defect::TextWithinIsExclusive
            | Defect::TextFilterAfterRanking
            | Defect::TextOfTheFirstField
            | Defect::TextWithoutWordsIsFound
            | Defect::PhraseCrossesTexts
            | Defect::PhraseInAnyOrder
            | Defect::PhraseCountsOnce
            | Defect::MustIsAny
            | Defect::MustCountsTwice
            | Defect::NotIsIgnored
            | Defect::NotExcludesEachWord
            | Defect::TextAsksAnyField
    )
}

/// Answers queries for text with the defect, and others without.
pub(crate) fn search(
    defect: Defect,
    on: &dyn Snapshot,
    queries: &[Query<'_>],
    hits: &mut [Hits],
    scratch: &mut Scratch,
) -> Result<Explain> {
    let is_text = |query: &&Query<'_>| matches!(query.input(), Input::Text(_));
    let checked = Query::check_batch(queries, hits, on.schema());
    if !(defect == Defect::TextAsksAnyField && queries.iter().all(|query| is_text(&query))) {
        checked?;
    }
    for (query, hits) in queries.iter().zip(hits) {
        let Input::Text(text) = query.input() else {
            NaiveSearch.search(on, &[*query], std::slice::from_mut(hits), scratch)?;
            continue;
        };
        let planted = Planted { defect, on, query, text };
        for hit in planted.found()? {
            hits.push(hit.id.as_ref(), hit.distance, hit.payload);
        }
    }
    Ok(Explain::of("planted", "planted"))
}

/// The words of a text, `None` for a gap.
type Words = Vec<Option<Vec<u8>>>;

/// A record that has the field.
struct Row {
    id: RecordId,
    words: Words,
    is_wanted: bool,
}

struct Planted<'a> {
    defect: Defect,
    on: &'a dyn Snapshot,
    query: &'a Query<'a>,
    text: &'a TextQuery,
}

impl Planted<'_> {
    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    fn found(&self) -> Result<Vec<Hit>> {
        let rows = self.rows()?;
        let counted: Vec<&Words> = rows
            .iter()
            .filter(|row| row.is_wanted || !self.has(Defect::TextCountsWhatMatches))
            .map(|row| &row.words)
            .collect();
        let dead = if self.has(Defect::TextCountsDeadRows) { self.dead()? } else { Vec::new() };
        let counted: Vec<&Words> = counted.into_iter().chain(&dead).collect();
        let mut found: Vec<(f64, &Row)> = rows
            .iter()
            .filter(|row| row.is_wanted || self.has(Defect::TextFilterAfterRanking))
            .filter_map(|row| Some((0.0 - self.score(&row.words, &counted)?, row)))
            .filter(|(distance, _)| match self.defect {
                Defect::TextWithinIsExclusive => *distance < self.query.goal().max_distance(),
                _ => *distance <= self.query.goal().max_distance(),
            })
            .collect();
        match self.defect {
            Defect::TextTiesByInsertion => found.sort_by(|a, b| a.0.total_cmp(&b.0)),
            _ => found.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id))),
        }
        found.truncate(self.query.goal().limit());
        found.retain(|(_, row)| row.is_wanted);
        let hit = |(distance, row): (f64, &Row)| -> Result<Hit> {
            let payload = match self.query.wants_payload() {
                true => self.on.get(&row.id)?.map(|it| it.payload()?.to_payload()).transpose()?,
                false => None,
            };
            Ok(Hit { id: row.id.clone(), distance, payload, vector: None })
        };
        found.into_iter().map(hit).collect()
    }

    /// The live records that have the field, in the order in which they lie.
    fn rows(&self) -> Result<Vec<Row>> {
        let schema = self.on.schema();
        let asked = self.query.field().unwrap_or_default();
        let first = || schema.computed_fields().next().map(|(_, field)| field.name());
        let field = match self.defect {
            Defect::TextOfTheFirstField => first().unwrap_or(asked),
            _ => asked,
        };
        let mut wanted = std::collections::BTreeSet::new();
        for record in self.on.records(self.query.filter()) {
            wanted.insert(record?.id()?.to_id());
        }
        let mut rows = Vec::new();
        for record in self.on.records(None) {
            let record = record?;
            let id = record.id()?.to_id();
            let words = match record.computed(field) {
                Ok(Some(bytes)) => words(bytes)?,
                Ok(None) if self.has(Defect::TextCountsEveryRecord) => Vec::new(),
                _ => continue,
            };
            let is_wanted = wanted.contains(&id);
            rows.push(Row { id, words, is_wanted });
        }
        if self.has(Defect::TextTiesByInsertion) {
            rows.reverse();
        }
        Ok(rows)
    }

    /// The texts of rows that are dead.
    fn dead(&self) -> Result<Vec<Words>> {
        let mut dead = Vec::new();
        let Some(blocks) = self.on.blocks() else { return Ok(dead) };
        let field = self.query.field_in(self.on.schema())?;
        for n in 0..blocks.block_count() {
            let block = blocks.block(n)?;
            let Some(column) = block.column(field)? else { continue };
            for at in 0..column.len() {
                if !block.is_alive(column.block_row(at))? {
                    dead.push(words(column.bytes(at)?)?);
                }
            }
        }
        Ok(dead)
    }

    fn tf(&self, unit: &Unit, words: &Words) -> f64 {
        let words: Words = match self.defect {
            Defect::PhraseCrossesTexts => words.iter().flatten().cloned().map(Some).collect(),
            _ => words.clone(),
        };
        let terms: Vec<&[u8]> = unit.terms().map(str::as_bytes).collect();
        let is_phrase = terms.len() > 1;
        let has = |term: &&[u8]| words.iter().flatten().any(|word| word == term);
        if is_phrase && self.has(Defect::PhraseInAnyOrder) {
            return f64::from(u8::from(terms.iter().all(has)));
        }
        let is_here = |at: &usize| {
            let window = words[*at..].iter().take(terms.len()).map(Option::as_deref);
            window.eq(terms.iter().map(|term| Some(*term)))
        };
        let count = (0..words.len()).filter(is_here).count() as f64;
        match self.defect {
            Defect::TextFrequencyIsOne => count.min(1.0),
            Defect::PhraseCountsOnce if is_phrase => count.min(1.0),
            _ => count,
        }
    }

    fn len(&self, words: &Words) -> f64 {
        let mut all: Vec<_> = words.iter().flatten().collect();
        if self.has(Defect::TextLengthIsOfDistinctWords) {
            all.sort();
            all.dedup();
        }
        all.len() as f64
    }

    /// The score of a text among those that count; `None` for one that is not hit.
    #[allow(clippy::cast_possible_truncation)] // what the defect is about
    fn score(&self, words: &Words, counted: &[&Words]) -> Option<f64> {
        let units = self.text.units();
        let tf: Vec<f64> = units.iter().map(|unit| self.tf(unit, words)).collect();
        let is_missed = |(unit, tf): (&Unit, &f64)| unit.is_required() && *tf == 0.0;
        if !self.has(Defect::MustIsAny) && units.iter().zip(&tf).any(is_missed) {
            return None;
        }
        let is_excluded = |places: &Vec<usize>| match self.defect {
            Defect::NotIsIgnored => false,
            Defect::NotExcludesEachWord => places.iter().any(|place| tf[*place] > 0.0),
            _ => places.iter().all(|place| tf[*place] > 0.0),
        };
        if self.text.excluded().iter().any(is_excluded) {
            return None;
        }
        let mut parts: Vec<f64> = units
            .iter()
            .zip(&tf)
            .filter(|(unit, tf)| unit.is_scored() && **tf > 0.0)
            .map(|(unit, tf)| self.part(unit, *tf, self.len(words), counted))
            .collect();
        if self.has(Defect::TextSumsBackwards) {
            parts.reverse();
        }
        let is_found = !parts.is_empty() || self.has(Defect::TextWithoutWordsIsFound);
        let sum = match self.defect {
            Defect::TextScoresInF32 => {
                f64::from(parts.iter().map(|part| *part as f32).sum::<f32>())
            }
            _ => parts.iter().sum(),
        };
        is_found.then_some(sum)
    }

    fn part(&self, unit: &Unit, tf: f64, len: f64, counted: &[&Words]) -> f64 {
        let Bm25 { k1, b } = match self.defect {
            Defect::TextParametersAreIgnored => Bm25::default(),
            _ => self.text.bm25(),
        };
        let (count, n) = (
            counted.len() as f64,
            counted.iter().filter(|words| self.tf(unit, words) > 0.0).count() as f64,
        );
        let total: f64 = counted.iter().map(|words| self.len(words)).sum();
        let ratio = (count - n + 0.5) / (n + 0.5);
        let weight = match self.defect {
            Defect::TextWeightsMayBeNegative => ln(ratio),
            _ => ln(1.0 + ratio),
        };
        let relative = match self.defect {
            Defect::TextAverageIsWhole => b * len / (total / count).floor().max(1.0),
            _ => b * len * count / total,
        };
        let part = weight * tf * (k1 + 1.0) / (tf + k1 * (1.0 - b + relative));
        match self.defect {
            Defect::MustCountsTwice if unit.is_required() => 2.0 * part,
            _ => part,
        }
    }
}

fn words(bytes: &[u8]) -> Result<Words> {
    let (mut distinct, mut words) = (Vec::new(), Vec::new());
    for token in Terms::new(bytes)?.tokens() {
        words.push(match token? {
            Token::New(term) => {
                distinct.push(term.to_vec());
                Some(term.to_vec())
            }
            Token::Again(number) => usize::try_from(number).ok().map(|n| distinct[n].clone()),
            Token::Gap => None,
        });
    }
    Ok(words)
}
