//! What the demo looks like: for people a calm page, for programs one JSON object per hit.

use std::time::Duration;

use console::{measure_text_width, truncate_str};
use indicatif::HumanCount;
use serde::Serialize;

use super::dictionary::{Dictionary, Meaning};
use super::neighbours::{Found, REPETITIONS};
use crate::duration::human;
use crate::exit::Failure;
use crate::screen::Screen;

/// The columns that a meaning gets even where the screen has no room for them.
const GLOSS_WIDTH_MIN: usize = 20;

/// What is searched, and what is asked.
pub(super) fn head(
    screen: &mut Screen<'_>,
    dictionary: &Dictionary,
    load: Duration,
    meanings: &[&Meaning],
) -> Result<(), Failure> {
    let (strong, faint) = (screen.strong(), screen.faint());
    let line = format!(
        "Loaded {} meanings of English words in {}, each a vector of {} components.",
        HumanCount(dictionary.all().len() as u64),
        human(load),
        dictionary.dim,
    );
    writeln!(screen.out, "{}\n", faint.apply_to(line))?;
    let word_width = meanings.iter().map(|meaning| measure_text_width(&meaning.word)).max();
    let pos_width = meanings.iter().map(|meaning| measure_text_width(&meaning.pos)).max();
    let (word_width, pos_width) = (word_width.unwrap_or(0), pos_width.unwrap_or(0));
    for (n, Meaning { word, pos, gloss, .. }) in meanings.iter().enumerate() {
        let gloss = shortened(gloss, screen.width.saturating_sub(word_width + pos_width + 4));
        let (word, style) = if n == 0 { (word.as_str(), &strong) } else { ("", &faint) };
        let word = style.apply_to(format!("{word:word_width$}"));
        writeln!(screen.out, "{word}  {}  {gloss}", faint.apply_to(format!("{pos:pos_width$}")))?;
    }
    writeln!(screen.out)?;
    Ok(())
}

/// The hits of one search.
pub(super) fn table(
    screen: &mut Screen<'_>,
    asked: &Meaning,
    found: &Found,
) -> Result<(), Failure> {
    let (strong, faint) = (screen.strong(), screen.faint());
    let mut title = format!("Nearest to {} ({})", asked.word, asked.pos);
    if let Some(filter) = &found.filter {
        title += &format!(" where {filter}");
    }
    writeln!(screen.out, "{}", strong.apply_to(title))?;
    let cells = |cell: fn(&Meaning) -> &str, title: &str| {
        let widths = found.neighbours.iter().map(|hit| measure_text_width(cell(&hit.meaning)));
        widths.max().unwrap_or(0).max(title.len())
    };
    let (word_width, pos_width) = (cells(|m| &m.word, "word"), cells(|m| &m.pos, "pos"));
    let used = 3 + 2 + 8 + 2 + word_width + 2 + pos_width + 2;
    let titles =
        format!("{:3}  distance  {:word_width$}  {:pos_width$}  meaning", "", "word", "pos");
    writeln!(screen.out, "{}", faint.apply_to(titles))?;
    for (n, hit) in found.neighbours.iter().enumerate() {
        let Meaning { word, pos, gloss, .. } = &hit.meaning;
        let gloss = shortened(gloss, screen.width.saturating_sub(used));
        writeln!(
            screen.out,
            "{}  {:8.4}  {word:word_width$}  {}  {gloss}",
            faint.apply_to(format_args!("{:3}", n + 1)),
            hit.distance,
            faint.apply_to(format_args!("{pos:pos_width$}")),
        )?;
    }
    if found.neighbours.is_empty() {
        writeln!(screen.out, "     none")?;
    }
    writeln!(screen.out)?;
    Ok(())
}

/// How long the searches took.
pub(super) fn times(
    screen: &mut Screen<'_>,
    anywhere: &Found,
    filtered: &Found,
) -> Result<(), Failure> {
    let line = format!(
        "Exact search in {}, with the filter in {} (median of {}, one thread).",
        human(anywhere.time),
        human(filtered.time),
        REPETITIONS,
    );
    writeln!(screen.out, "{}", screen.faint().apply_to(line))?;
    Ok(())
}

/// One line per hit, for programs.
#[derive(Serialize)]
struct Line<'a> {
    query: &'a str,
    filter: Option<&'a str>,
    rank: usize,
    distance: f64,
    id: &'a str,
    word: &'a str,
    pos: &'a str,
    gloss: &'a str,
}

/// All hits of all searches as JSON.
pub(super) fn json(
    screen: &mut Screen<'_>,
    query: &str,
    searches: &[&Found],
) -> Result<(), Failure> {
    for found in searches {
        for (n, hit) in found.neighbours.iter().enumerate() {
            let Meaning { id, word, pos, gloss } = &hit.meaning;
            let (filter, rank, distance) = (found.filter.as_deref(), n + 1, hit.distance);
            let line = Line { query, filter, rank, distance, id, word, pos, gloss };
            let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
            writeln!(screen.out, "{line}")?;
        }
    }
    Ok(())
}

/// The definition without its examples, in at most `width` columns.
fn shortened(gloss: &str, width: usize) -> String {
    let definition = gloss.split("; \"").next().unwrap_or(gloss);
    truncate_str(definition, width.max(GLOSS_WIDTH_MIN), "…").into_owned()
}
