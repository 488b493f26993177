//! What hits look like: a table for people, one JSON object per hit for programs.

use console::{measure_text_width, truncate_str};
use iqdb::{FusedHit, Group, Hit, PartHit, Payload, RecordId, ScoredHit, Value};
use serde::Serialize;

use crate::exit::Failure;
use crate::screen::{Screen, printable};

/// The widest column of ids: longer ones are cut.
const ID_WIDTH_MAX: usize = 40;

/// The columns that a payload gets even where the screen has no room for them.
const PAYLOAD_WIDTH_MIN: usize = 20;

/// One line per hit, for programs. The fields are the keys, in this order.
#[derive(Serialize)]
struct Line<'a> {
    query: usize,
    rank: usize,
    distance: f64,
    id: &'a RecordId,
    payload: &'a Payload,
}

/// One line per hit of a group, for programs. The fields are the keys, in this order.
#[derive(Serialize)]
struct GroupLine<'a> {
    query: usize,
    group: &'a Value,
    rank: usize,
    distance: f64,
    id: &'a RecordId,
    payload: &'a Payload,
}

/// A group of hits of query number `query`, counted from 0.
pub(super) fn group_json(
    screen: &mut Screen<'_>,
    query: usize,
    group: &Group,
) -> Result<(), Failure> {
    let none = Payload::new();
    for (n, hit) in group.hits.iter().enumerate() {
        let payload = hit.payload.as_ref().unwrap_or(&none);
        let (group, distance) = (&group.value, hit.distance);
        let line = GroupLine { query, group, rank: n + 1, distance, id: &hit.id, payload };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
    }
    Ok(())
}

/// The groups of one query, called `name`, by a path.
pub(super) fn groups(
    screen: &mut Screen<'_>,
    (name, path): (&str, &str),
    groups: &[Group],
) -> Result<(), Failure> {
    for group in groups {
        let value = serde_json::to_string(&group.value).unwrap_or_default();
        table(screen, &format!("{name}, {path} = {value}"), &group.hits)?;
    }
    if groups.is_empty() {
        table(screen, name, &[])?;
    }
    Ok(())
}

/// One line per hit of a fused query, for programs. The fields are the keys, in this order.
#[derive(Serialize)]
struct FusedLine<'a> {
    query: usize,
    rank: usize,
    score: f64,
    id: &'a RecordId,
    parts: Vec<Option<PartLine>>,
    payload: &'a Payload,
}

/// Where a part has found a record.
#[derive(Serialize)]
struct PartLine {
    rank: usize,
    distance: f64,
}

/// The hits of fused query number `query`, counted from 0.
pub(super) fn fused_json(
    screen: &mut Screen<'_>,
    query: usize,
    hits: &[FusedHit],
) -> Result<(), Failure> {
    let none = Payload::new();
    for (n, hit) in hits.iter().enumerate() {
        let part = |part: &PartHit| PartLine { rank: part.rank, distance: part.distance };
        let line = FusedLine {
            query,
            rank: n + 1,
            score: hit.score,
            id: &hit.id,
            parts: hit.parts.iter().map(|it| it.as_ref().map(part)).collect(),
            payload: hit.payload.as_ref().unwrap_or(&none),
        };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
    }
    Ok(())
}

/// One line per ranked hit, for programs. The fields are the keys, in this order.
#[derive(Serialize)]
struct ScoredLine<'a> {
    query: usize,
    rank: usize,
    score: f64,
    distance: f64,
    id: &'a RecordId,
    payload: &'a Payload,
}

/// The ranked hits of query number `query`, counted from 0.
pub(super) fn scored_json(
    screen: &mut Screen<'_>,
    query: usize,
    hits: &[ScoredHit],
) -> Result<(), Failure> {
    let none = Payload::new();
    for (n, ScoredHit { hit, score }) in hits.iter().enumerate() {
        let payload = hit.payload.as_ref().unwrap_or(&none);
        let (rank, score, distance) = (n + 1, *score, hit.distance);
        let line = ScoredLine { query, rank, score, distance, id: &hit.id, payload };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
    }
    Ok(())
}

/// The ranked hits of one query, called `name`.
pub(super) fn scored_table(
    screen: &mut Screen<'_>,
    name: &str,
    hits: &[ScoredHit],
) -> Result<(), Failure> {
    let figures = |it: &ScoredHit| format!("{:9.4}  {:9.4}", it.score, it.hit.distance);
    let row = |it| Row { figures: figures(it), id: &it.hit.id, payload: it.hit.payload.as_ref() };
    let rows: Vec<Row<'_>> = hits.iter().map(row).collect();
    rows_below(screen, name, &format!("{:>9}   distance", "score"), &rows)
}

/// The hits of query number `query`, counted from 0.
pub(super) fn json(screen: &mut Screen<'_>, query: usize, hits: &[Hit]) -> Result<(), Failure> {
    let none = Payload::new();
    for (n, hit) in hits.iter().enumerate() {
        let payload = hit.payload.as_ref().unwrap_or(&none);
        let line = Line { query, rank: n + 1, distance: hit.distance, id: &hit.id, payload };
        let line = serde_json::to_string(&line).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
    }
    Ok(())
}

/// A hit as a line of a table.
struct Row<'a> {
    /// What stands before the id, as wide as its heading.
    figures: String,
    id: &'a RecordId,
    payload: Option<&'a Payload>,
}

/// The hits of one query, called `name`.
pub(super) fn table(screen: &mut Screen<'_>, name: &str, hits: &[Hit]) -> Result<(), Failure> {
    let row = |hit: &'_ Hit| format!("{:9.4}", hit.distance);
    let rows: Vec<Row<'_>> = hits
        .iter()
        .map(|hit| Row { figures: row(hit), id: &hit.id, payload: hit.payload.as_ref() })
        .collect();
    rows_below(screen, name, " distance", &rows)
}

/// The hits of one fused query, called `name`, with their ranks in each part.
pub(super) fn fused_table(
    screen: &mut Screen<'_>,
    name: &str,
    parts: [&str; 2],
    hits: &[FusedHit],
) -> Result<(), Failure> {
    let heading = |part: &str| cut(&format!("# {}", printable(part)), ID_WIDTH_MAX);
    let parts = parts.map(heading);
    let widths: Vec<usize> = parts.iter().map(|part| measure_text_width(part)).collect();
    let figures = |hit: &FusedHit| {
        let rank = |part: &Option<PartHit>| part.map_or("-".into(), |part| part.rank.to_string());
        let ranks =
            hit.parts.iter().zip(&widths).map(|(part, width)| format!("{:>width$}", rank(part)));
        format!("{:9.6}  {}", hit.score, ranks.collect::<Vec<_>>().join("  "))
    };
    let rows: Vec<Row<'_>> = hits
        .iter()
        .map(|hit| Row { figures: figures(hit), id: &hit.id, payload: hit.payload.as_ref() })
        .collect();
    rows_below(screen, name, &format!("{:>9}  {}", "score", parts.join("  ")), &rows)
}

/// The rows below the name of their query and a heading.
fn rows_below(
    screen: &mut Screen<'_>,
    name: &str,
    figures: &str,
    rows: &[Row<'_>],
) -> Result<(), Failure> {
    let (strong, faint) = (screen.strong(), screen.faint());
    let title = format!("Nearest to {}", printable(name));
    writeln!(screen.out, "{}", strong.apply_to(title))?;
    let ids: Vec<_> = rows.iter().map(|row| cut(&row.id.to_string(), ID_WIDTH_MAX)).collect();
    let id_width = ids.iter().map(|id| measure_text_width(id)).max().unwrap_or(0).max(2);
    let titles = format!("{:3}  {figures}  {:id_width$}  payload", "", "id");
    writeln!(screen.out, "{}", faint.apply_to(titles))?;
    for (n, (row, id)) in rows.iter().zip(ids).enumerate() {
        let payload = row.payload.map(entries).unwrap_or_default();
        let before = 3 + 2 + measure_text_width(figures) + 2 + id_width + 2;
        let left = screen.width.saturating_sub(before);
        let line = format!(
            "{}  {}  {id}{}  {}",
            faint.apply_to(format_args!("{:3}", n + 1)),
            row.figures,
            " ".repeat(id_width.saturating_sub(measure_text_width(&id))),
            cut(&payload, left.max(PAYLOAD_WIDTH_MIN)),
        );
        writeln!(screen.out, "{}", line.trim_end())?;
    }
    if rows.is_empty() {
        writeln!(screen.out, "     none")?;
    }
    writeln!(screen.out)?;
    Ok(())
}

fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, "…").into_owned()
}

/// `lang="en" year=2024`, fit for a line.
fn entries(payload: &Payload) -> String {
    let entry = |(key, value): (&str, &Value)| {
        let value = serde_json::to_string(value).unwrap_or_default();
        printable(&format!("{key}={value}"))
    };
    payload.iter().map(entry).collect::<Vec<_>>().join(" ")
}
