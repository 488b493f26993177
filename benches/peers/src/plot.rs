//! A record as a picture: each engine's share of what the machine can do, set by set.
//!
//! The text and the bars follow the reader's light or dark scheme, and the background is theirs.

use std::path::Path;

use svg::Document;
use svg::node::element::{Group, Line, Rectangle, Style, Text};

use crate::Result;
use crate::engines::IQDB;
use crate::record::{Record, Searches, Speed, best};
use crate::stats::three;

const STYLE: &str = "
text { font: 12px -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.set { font-weight: 600 }
.faint { fill: #656d76 }
.on-own { fill: #ffffff }
.own { fill: #0969da }
.peer { fill: #afb8c1 }
.roof { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .faint { fill: #8d96a0 }
  .own { fill: #1f6feb }
  .peer { fill: #57606a }
  .roof { stroke: #f85149 }
}";

const PANEL: f64 = 440.0;
const GAP: f64 = 30.0;
/// Where the bars of a panel begin, and how long one of 100 % is.
const NAMES: f64 = 74.0;
const FULL: f64 = 250.0;
/// Bars longer than this part of a full one have their label inside.
const INSIDE: f64 = 0.55;
const TOP: f64 = 62.0;
const BAR: f64 = 16.0;
const SET_TITLE: f64 = 22.0;
const BETWEEN: f64 = 12.0;

/// One half of the picture.
struct Panel<'a> {
    title: String,
    roof: &'static str,
    entries: Vec<&'a Searches>,
    label: fn(&Speed) -> String,
}

/// Draws the record's searches to `path`.
pub(crate) fn write(record: &Record, path: &Path) -> Result<()> {
    svg::save(path, &draw(record)).map_err(|error| format!("{}: {error}", path.display()))
}

fn draw(record: &Record) -> Document {
    let threads = record.batch.iter().map(|entry| entry.threads).max().unwrap_or(1);
    let panels = [
        Panel {
            title: "One query, one thread: ms".into(),
            roof: "read bandwidth",
            entries: record.single.iter().collect(),
            label: |speed| three(speed.p50_ms),
        },
        Panel {
            title: format!("A batch of 1,000, {threads} threads: queries/s"),
            roof: "multiply-add peak",
            entries: record.batch.iter().filter(|entry| entry.threads == threads).collect(),
            label: |speed| three(speed.queries_per_s),
        },
    ];
    let shown: Vec<&Panel<'_>> = panels.iter().filter(|panel| !panel.entries.is_empty()).collect();
    let height = shown.iter().map(|panel| panel.height()).fold(0.0, f64::max) + 44.0;
    let width = shown.len() as f64 * (PANEL + GAP);
    let mut document = Document::new()
        .set("viewBox", (0.0, 0.0, width, height))
        .set("width", width)
        .set("height", height)
        .set("role", "img")
        .add(Style::new(STYLE));
    for (i, panel) in shown.iter().enumerate() {
        let group = panel.draw(record);
        document = document
            .add(group.set("transform", format!("translate({} 0)", i as f64 * (PANEL + GAP))));
    }
    let bars =
        "Bars: share of what the machine can do, measured in the same rounds; longer is better.";
    let below = format!(
        "iqdb {} on {}, {} cores, {}{}",
        record.commit,
        record.machine.processor,
        record.machine.cores,
        record.finished,
        if record.settings.quick { "; a quick run, nothing to quote" } else { "" },
    );
    document.add(text(bars.into(), 4.0, height - 26.0, "faint")).add(text(
        below,
        4.0,
        height - 9.0,
        "faint",
    ))
}

impl Panel<'_> {
    fn height(&self) -> f64 {
        let set = |entry: &&Searches| {
            SET_TITLE + best(&entry.engines).len() as f64 * (BAR + 3.0) + BETWEEN
        };
        TOP + self.entries.iter().map(set).sum::<f64>()
    }

    fn draw(&self, record: &Record) -> Group {
        let mut group = Group::new().add(text(self.title.clone(), 4.0, 22.0, "title")).add(
            text(format!("{} = 100 %", self.roof), NAMES + FULL, 44.0, "faint")
                .set("text-anchor", "middle"),
        );
        let mut y = TOP;
        for entry in &self.entries {
            let facts = record.sets.iter().find(|set| set.set == entry.set);
            let title = facts.map_or(entry.set.clone(), |set| {
                format!("{}: {} × {}, {}", set.set, three(set.rows as f64), set.dim, set.metric)
            });
            group = group.add(text(title, 4.0, y + 10.0, "set"));
            y += SET_TITLE;
            for speed in best(&entry.engines) {
                group = self.bar(group, speed, y);
                y += BAR + 3.0;
            }
            y += BETWEEN;
        }
        let roof = NAMES + FULL;
        let line =
            Line::new().set("x1", roof).set("x2", roof).set("y1", 50.0).set("y2", y - BETWEEN);
        group.add(line.set("class", "roof"))
    }

    fn bar(&self, group: Group, speed: &Speed, y: f64) -> Group {
        let length = (speed.roof_percent / 100.0 * FULL).clamp(1.0, FULL * 1.2);
        let class = if speed.engine == IQDB { "own" } else { "peer" };
        let bar = Rectangle::new()
            .set("x", NAMES)
            .set("y", y)
            .set("width", (length * 10.0).round() / 10.0)
            .set("height", BAR)
            .set("rx", 2)
            .set("class", class);
        let label = format!("{} · {:.0} %", (self.label)(speed), speed.roof_percent);
        // A label beside a long bar would lie on the line of the roof.
        let label = if length > INSIDE * FULL {
            let class = if speed.engine == IQDB { "on-own" } else { "" };
            text(label, NAMES + length - 6.0, y + 12.0, class).set("text-anchor", "end")
        } else {
            text(label, NAMES + length + 6.0, y + 12.0, "faint")
        };
        group
            .add(text(speed.engine.clone(), NAMES - 6.0, y + 12.0, "").set("text-anchor", "end"))
            .add(bar)
            .add(label)
    }
}

fn text(content: String, x: f64, y: f64, class: &str) -> Text {
    let text = Text::new(content).set("x", (x * 10.0).round() / 10.0).set("y", y);
    if class.is_empty() { text } else { text.set("class", class) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fake;

    #[test]
    fn every_engine_has_one_bar_per_panel_and_set() {
        let drawn = draw(&fake::record()).to_string();
        assert_eq!(drawn.matches("class=\"own\"").count(), 2, "{drawn}");
        assert_eq!(drawn.matches("class=\"peer\"").count(), 2, "{drawn}");
        assert!(drawn.contains("prefers-color-scheme: dark") && drawn.contains("2.50 · 50 %"));
    }
}
