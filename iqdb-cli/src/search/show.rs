//! What hits look like: a table for people, one JSON object per hit for programs.

use console::{measure_text_width, truncate_str};
use iqdb::{Hit, Payload, RecordId};
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

/// The hits of one query, called `name`.
pub(super) fn table(screen: &mut Screen<'_>, name: &str, hits: &[Hit]) -> Result<(), Failure> {
    let (strong, faint) = (screen.strong(), screen.faint());
    let title = format!("Nearest to {}", printable(name));
    writeln!(screen.out, "{}", strong.apply_to(title))?;
    let cut = |text: &str, width: usize| truncate_str(text, width, "…").into_owned();
    let ids: Vec<_> = hits.iter().map(|hit| cut(&hit.id.to_string(), ID_WIDTH_MAX)).collect();
    let id_width = ids.iter().map(|id| measure_text_width(id)).max().unwrap_or(0).max(2);
    let titles = format!("{:3}  {:>9}  {:id_width$}  payload", "", "distance", "id");
    writeln!(screen.out, "{}", faint.apply_to(titles))?;
    for (n, (hit, id)) in hits.iter().zip(ids).enumerate() {
        let payload = hit.payload.as_ref().map(entries).unwrap_or_default();
        let left = screen.width.saturating_sub(3 + 2 + 9 + 2 + id_width + 2);
        let line = format!(
            "{}  {:9.4}  {id}{}  {}",
            faint.apply_to(format_args!("{:3}", n + 1)),
            hit.distance,
            " ".repeat(id_width.saturating_sub(measure_text_width(&id))),
            cut(&payload, left.max(PAYLOAD_WIDTH_MIN)),
        );
        writeln!(screen.out, "{}", line.trim_end())?;
    }
    if hits.is_empty() {
        writeln!(screen.out, "     none")?;
    }
    writeln!(screen.out)?;
    Ok(())
}

/// `lang="en" year=2024`, fit for a line.
fn entries(payload: &Payload) -> String {
    let entry = |(key, value): (&str, &iqdb::Value)| {
        let value = serde_json::to_string(value).unwrap_or_default();
        printable(&format!("{key}={value}"))
    };
    payload.iter().map(entry).collect::<Vec<_>>().join(" ")
}
