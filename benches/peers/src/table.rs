//! A record as markdown, for a person or a README.
//!
//! Pure.

use std::fmt::Write;

use crate::record::{BesideWriter, Filtered, Ingest, Record, Searches, Speed, best};
use crate::stats::three;
use crate::suite::Suite;

/// The tables of these suites, or of all that were run when none is named.
pub(crate) fn of(record: &Record, suites: &[Suite]) -> String {
    let wanted = |suite: Suite| suites.is_empty() || suites.contains(&suite);
    let mut text = head(record);
    if wanted(Suite::Single) && !record.single.is_empty() {
        text += &single(record);
    }
    if wanted(Suite::Batch) && !record.batch.is_empty() {
        text += &batch(record);
    }
    if wanted(Suite::Filter) && !record.filter.is_empty() {
        text += &filter(&record.filter);
    }
    if wanted(Suite::BesideWriter) && !record.beside_writer.is_empty() {
        text += &beside_writer(&record.beside_writer);
    }
    if wanted(Suite::Ingest) && !record.ingest.is_empty() {
        text += &ingest(&record.ingest);
    }
    text
}

fn head(record: &Record) -> String {
    let machine = &record.machine;
    let mut text = format!(
        "{}, {} cores, {}, {} GB; {}; commit {}; `{}`\n",
        machine.processor,
        machine.cores,
        machine.vector_extensions.join(" "),
        machine.memory_gb,
        record.finished,
        record.commit,
        record.command,
    );
    let versions = record.engines.iter().map(|(engine, facts)| {
        let of = |name: &str| facts.get(name).map(String::as_str);
        let detail = of("backend").or(of("openblas").map(|_| "OpenBLAS"));
        match detail {
            Some("OpenBLAS") => format!(
                "{engine} {} with OpenBLAS {}",
                of("version").unwrap_or("?"),
                of("openblas").unwrap_or("?")
            ),
            Some(backend) => format!("{engine}, backend {backend}"),
            None => format!("{engine} {}", of("version").unwrap_or("?")),
        }
    });
    let versions: Vec<String> = versions.collect();
    if !versions.is_empty() {
        let _ = writeln!(text, "{}.", versions.join("; "));
    }
    if record.settings.quick {
        text += "**A quick run: a smoke test, nothing to quote.**\n";
    }
    if let Some(load) = record.load_before.filter(|&load| load > 0.5) {
        let _ = writeln!(text, "**The machine was busy: load {load}.**");
    }
    text
}

fn single(record: &Record) -> String {
    let cell = |speed: &Speed| format!("{} ({:.0} %)", three(speed.p50_ms), speed.roof_percent);
    let entries: Vec<Vec<&Searches>> = record.single.iter().map(|entry| vec![entry]).collect();
    let mut text = "\nOne query, ms on one thread (share of the read bandwidth)\n\n".to_owned();
    text += &by_set(record, &entries, cell);
    let roof = |entry: &Searches| {
        let gb_per_s = entry.roof.values().copied().fold(f64::NAN, f64::max);
        format!("{} GB/s", three(gb_per_s))
    };
    text + &last_row("read bandwidth", entries.iter().map(|entries| roof(entries[0])))
}

fn batch(record: &Record) -> String {
    let entries = by_threads(&record.batch);
    let threads: Vec<String> =
        entries.first().into_iter().flatten().map(|entry| entry.threads.to_string()).collect();
    let cell =
        |speed: &Speed| format!("{} ({:.0} %)", three(speed.queries_per_s), speed.roof_percent);
    let mut text = format!(
        "\nA batch of 1,000, queries/s on {} threads (share of the multiply-add peak)\n\n",
        threads.join(" / ")
    );
    text += &by_set(record, &entries, cell);
    let roof = |entry: &Searches| three(entry.roof.values().copied().fold(f64::NAN, f64::max));
    let roofs = entries.iter().map(|entries| {
        let roofs: Vec<String> = entries.iter().map(|entry| roof(entry)).collect();
        format!("{} GFLOP/s", roofs.join(" / "))
    });
    text + &last_row("multiply-add peak", roofs)
}

/// The entries of each set together, in the order of the sets.
fn by_threads(entries: &[Searches]) -> Vec<Vec<&Searches>> {
    let mut sets: Vec<Vec<&Searches>> = Vec::new();
    for entry in entries {
        match sets.iter_mut().find(|set| set[0].set == entry.set) {
            Some(set) => set.push(entry),
            None => sets.push(vec![entry]),
        }
    }
    sets
}

/// A row per engine, a column per set; several entries of a set share a cell.
fn by_set(record: &Record, sets: &[Vec<&Searches>], cell: impl Fn(&Speed) -> String) -> String {
    let title = |entries: &Vec<&Searches>| {
        let name = &entries[0].set;
        record.sets.iter().find(|set| set.set == *name).map_or(name.clone(), |set| {
            format!("{name}: {} × {}, {}", three(set.rows as f64), set.dim, set.metric)
        })
    };
    let titles: Vec<String> = sets.iter().map(title).collect();
    let mut text = header("engine", &titles);
    for engine in engines(sets.iter().flatten().map(|entry| entry.engines.as_slice())) {
        let cells = sets.iter().map(|entries| {
            let of = |entry: &&Searches| {
                let best = best(&entry.engines);
                let speed = best.iter().find(|speed| speed.engine == engine);
                speed.map_or("–".to_owned(), |speed| cell(speed))
            };
            entries.iter().map(of).collect::<Vec<_>>().join(" / ")
        });
        text += &row(&engine, cells);
    }
    text
}

fn filter(entries: &[Filtered]) -> String {
    let mut widths: Vec<f64> = entries.iter().map(|entry| entry.matching_percent).collect();
    widths.dedup();
    let titles: Vec<String> = widths.iter().map(|width| format!("{width} % match")).collect();
    let mut text = format!(
        "\nOne filtered query on {}, queries/s on one thread: filter built per query / prepared\n\n",
        entries[0].set
    );
    text += &header("engine", &titles);
    for engine in engines(entries.iter().map(|entry| entry.engines.as_slice())) {
        let cells = widths.iter().map(|width| {
            let of = |prepared: bool| {
                let is_it = |e: &&Filtered| e.matching_percent == *width && e.prepared == prepared;
                let entry = entries.iter().find(is_it);
                let speed = entry.and_then(|e| e.engines.iter().find(|s| s.engine == engine));
                speed.map_or("–".to_owned(), |speed| three(1e3 / speed.p50_ms))
            };
            format!("{} / {}", of(false), of(true))
        });
        text += &row(&engine, cells);
    }
    text
}

pub(crate) fn beside_writer(entries: &[BesideWriter]) -> String {
    let mut text = format!("\nReaders beside a writer on {}\n\n", entries[0].set);
    let titles =
        ["readers", "writer", "upserts/s", "searches/s", "p50 ms", "p99 ms", "p99 to without"];
    text += &header("engine", &titles.map(str::to_owned));
    for entry in entries {
        let cells = [
            entry.readers.to_string(),
            entry.writer.clone(),
            three(entry.upserts_per_s),
            three(entry.searches_per_s),
            three(entry.p50_ms),
            three(entry.p99_ms),
            format!("{} ×", three(entry.p99_to_absent)),
        ];
        text += &row(&entry.engine, cells.into_iter());
    }
    text
}

fn ingest(entries: &[Ingest]) -> String {
    let first = &entries[0];
    let mut text = format!(
        "\nIngest of {} × {} in batches of {} on one thread, ids and small payloads included\n\n",
        three(first.rows as f64),
        first.dim,
        three(first.batch as f64)
    );
    let titles =
        ["rows/s", "rows/s, records built before", "of a copy", "of a copy to fresh memory"];
    text += &header("engine", &titles.map(str::to_owned));
    for entry in entries {
        let cells = [
            three(entry.rows_per_s),
            three(entry.applied_rows_per_s),
            format!("{:.0} %", entry.copy_percent),
            format!("{:.0} %", entry.fresh_copy_percent),
        ];
        text += &row(&entry.engine, cells.into_iter());
    }
    text
}

/// Every engine's name once, in the order they come.
fn engines<'a>(entries: impl Iterator<Item = &'a [Speed]>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for speed in entries.flatten() {
        if !names.contains(&speed.engine) {
            names.push(speed.engine.clone());
        }
    }
    names
}

fn header(first: &str, titles: &[String]) -> String {
    let line = row(first, titles.iter().cloned());
    format!("{line}|---|{}\n", "---|".repeat(titles.len()))
}

fn row(first: &str, cells: impl Iterator<Item = String>) -> String {
    let first =
        if first == crate::engines::IQDB { format!("**{first}**") } else { first.to_owned() };
    format!("| {first} | {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn last_row(first: &str, cells: impl Iterator<Item = String>) -> String {
    row(&format!("*{first}*"), cells)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::fake;

    #[test]
    fn a_record_is_tables_with_a_row_per_engine() {
        let text = of(&fake::record(), &[]);
        let expected = "\n| engine | line: 1,000 × 8, cosine |\n|---|---|\n\
            | **iqdb** | 2.50 (50 %) |\n| faiss | 5.00 (50 %) |\n| *read bandwidth* | 38.0 GB/s |\n";
        assert!(text.contains(expected), "{text}");
        let expected = "| **iqdb** | 800 (50 %) / 1,500 (50 %) |\n";
        assert!(text.contains(expected) && text.contains("240 / 470 GFLOP/s"), "{text}");
        assert!(text.contains("nothing to quote"), "{text}");
    }

    #[test]
    fn a_suite_that_is_not_wanted_is_left_out() {
        let text = of(&fake::record(), &[Suite::Batch]);
        assert!(text.contains("A batch") && !text.contains("One query"), "{text}");
    }
}
