//! The search itself: what any user of the database would write, timed.

use std::time::{Duration, Instant};

use iqdb::{Error, ErrorKind, Hit, Result, Value};

use super::dictionary::{Dictionary, Meaning};

/// How often a search is repeated for the median of its time.
pub(super) const REPETITIONS: usize = 25;

/// One meaning found.
#[derive(Debug)]
pub(super) struct Neighbour {
    pub(super) distance: f64,
    pub(super) meaning: Meaning,
}

/// What one search found.
#[derive(Debug)]
pub(super) struct Found {
    /// The filter's text.
    pub(super) filter: Option<String>,
    pub(super) neighbours: Vec<Neighbour>,
    /// The median time of a search.
    pub(super) time: Duration,
}

/// The `k` meanings nearest to `asked`, other than those of the same word.
pub(super) fn search(
    dictionary: &Dictionary,
    asked: &Meaning,
    k: usize,
    filter: Option<&str>,
) -> Result<Found> {
    let database = &dictionary.database;
    let record = database.get(asked.id.as_str())?.ok_or_else(|| {
        Error::new(ErrorKind::ContractViolation, "a word that was loaded is not there")
    })?;
    let vector = record.only_vector()?;
    // The word's own meanings come first of all, and are not what was asked for.
    let own = dictionary.meanings(&asked.word).len();
    let ask = || {
        let query = database.query(vector).k(k.saturating_add(own)).with_payload();
        match filter {
            Some(filter) => query.filter(filter).run(),
            None => query.run(),
        }
    };
    // The first search also pays for what the database prepares once.
    let hits = ask()?;
    let mut times = Vec::with_capacity(REPETITIONS);
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        ask()?;
        times.push(start.elapsed());
    }
    times.sort_unstable();

    let mut neighbours: Vec<_> = hits.into_iter().map(neighbour).collect::<Result<_>>()?;
    neighbours.retain(|neighbour| neighbour.meaning.word != asked.word);
    neighbours.truncate(k);
    Ok(Found { filter: filter.map(str::to_owned), neighbours, time: times[REPETITIONS / 2] })
}

fn neighbour(hit: Hit) -> Result<Neighbour> {
    let payload = hit.payload.unwrap_or_default();
    let text = |key: &str| match payload.get(key) {
        Some(Value::Text(text)) => Ok(text.clone()),
        _ => Err(Error::new(ErrorKind::ContractViolation, "a hit came back without its payload")
            .with_id(&hit.id)
            .expected(format_args!("a text at the key {key}"))),
    };
    Ok(Neighbour {
        distance: hit.distance,
        meaning: Meaning {
            id: hit.id.to_string(),
            word: text("word")?,
            pos: text("pos")?,
            gloss: text("gloss")?,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_neighbours_are_those_of_a_scan_by_hand() {
        let dictionary = Dictionary::load().unwrap();
        let [back, ..] = dictionary.meanings("back")[..] else { panic!("back is a word") };
        for filter in [None, Some("pos = \"verb\"")] {
            let found = search(&dictionary, back, 20, filter).unwrap();

            let record = |id: &str| dictionary.database.get(id).unwrap().unwrap();
            let asked = record(&back.id);
            let asked = asked.only_vector().unwrap().as_f32().unwrap();
            let mut by_hand: Vec<_> = dictionary
                .all()
                .iter()
                .filter(|meaning| meaning.word != "back")
                .filter(|meaning| filter.is_none() || meaning.pos == "verb")
                .map(|meaning| {
                    let stored = record(&meaning.id);
                    let stored = stored.only_vector().unwrap().as_f32().unwrap();
                    (iqdb::distance::of_numbers(iqdb::Metric::Cosine, asked, stored), meaning)
                })
                .collect();
            by_hand.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
            by_hand.truncate(20);

            let found: Vec<_> =
                found.neighbours.iter().map(|found| (found.distance, &found.meaning)).collect();
            assert_eq!(found, by_hand);
        }
    }
}
