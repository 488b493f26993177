//! A record of `bench durable` as markdown.
//!
//! Pure.

use std::fmt::Write;

use super::record::{Opening, Record, Writes};
use crate::stats::three;

pub(crate) fn of(record: &Record) -> String {
    let machine = &record.machine;
    let mut text = format!(
        "{}, {} cores, {} GB; {}; {}; commit {}; `{}`\n",
        machine.processor,
        machine.cores,
        machine.memory_gb,
        record.file_system,
        record.finished,
        record.commit,
        record.command,
    );
    if record.settings.quick {
        text += "**A quick run: a smoke test, nothing to quote.**\n";
    }
    if let Some(load) = record.load_before.filter(|&load| load > 0.5) {
        let _ = writeln!(text, "**The machine was busy: load {load}.**");
    }
    for entries in [&record.catalogue, &record.writes] {
        if !entries.is_empty() {
            text += &writes(entries);
        }
    }
    if !record.unclosed.is_empty() {
        text += "\nOpening after the process was killed, out of memory, to the first answer\n\n";
        text += "| what | entries | ms |\n|---|---|---|\n";
        for opening in &record.unclosed {
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                opening.what,
                if opening.entries > 0 { three(opening.entries as f64) } else { "–".into() },
                three(opening.ms)
            );
        }
    }
    for entry in &record.opening {
        let Opening { rows, dim, open_ms, get_ms, memory_mib, read_mib, search_ms, .. } = entry;
        let _ = writeln!(
            text,
            "\nOpening {} × {dim} after a kill, out of memory: {} ms, with the first get {} ms; \
             memory grows by {} MiB, {} MiB are read; the first search {} ms",
            three(*rows as f64),
            three(*open_ms),
            three(*get_ms),
            three(*memory_mib),
            three(*read_mib),
            three(*search_ms),
        );
    }
    for entry in &record.search {
        let _ = writeln!(
            text,
            "\nOne query on {}, one thread\n\n| engine | ms |\n|---|---|",
            entry.set
        );
        for speed in &entry.engines {
            let _ = writeln!(text, "| {} | {} |", speed.engine, three(speed.p50_ms));
        }
    }
    if !record.beside_writer.is_empty() {
        text += &crate::table::beside_writer(&record.beside_writer);
    }
    text
}

/// A row per engine, a column per load.
fn writes(entries: &[Writes]) -> String {
    let mut loads: Vec<(usize, usize)> = Vec::new();
    let mut engines: Vec<&str> = Vec::new();
    for entry in entries {
        if !loads.contains(&(entry.batch, entry.threads)) {
            loads.push((entry.batch, entry.threads));
        }
        if !engines.contains(&entry.engine.as_str()) {
            engines.push(&entry.engine);
        }
    }
    let mut text = format!(
        "\nDurable rows/s of {} components (to raw appends) [to one thread]\n\n| engine |",
        entries[0].dim
    );
    for (batch, threads) in &loads {
        let _ = write!(
            text,
            " {} per commit, {} |",
            several(*batch, "row"),
            several(*threads, "thread")
        );
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(loads.len()));
    for engine in engines {
        let _ = write!(text, "| {engine} |");
        for load in &loads {
            let is_it = |e: &&Writes| e.engine == engine && (e.batch, e.threads) == *load;
            let Some(entry) = entries.iter().find(is_it) else {
                text += " – |";
                continue;
            };
            let _ = write!(text, " {} ({:.2} ×)", three(entry.rows_per_s), entry.to_raw);
            if let Some(one) = entry.to_one_thread {
                let _ = write!(text, " [{one:.1} ×]");
            }
            text += " |";
        }
        text += "\n";
    }
    text
}

/// As in `1 row` and `1,000 rows`.
fn several(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        2..100 => format!("{count} {what}s"),
        _ => format!("{} {what}s", three(count as f64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_per_engine_and_a_column_per_load() {
        let entry = |engine: &str, threads, rows_per_s, to_one_thread| Writes {
            engine: engine.into(),
            dim: 768,
            batch: 1,
            threads,
            rows_per_s,
            to_raw: rows_per_s / 1_000.0,
            to_one_thread,
            per_round_rows_per_s: Vec::new(),
        };
        let text = writes(&[
            entry("raw", 1, 1_000.0, None),
            entry("lancedb", 1, 100.0, None),
            entry("raw", 8, 4_000.0, Some(4.0)),
        ]);
        assert!(
            text.contains("| engine | 1 row per commit, 1 thread | 1 row per commit, 8 threads |")
        );
        assert!(text.contains("| raw | 1,000 (1.00 ×) | 4,000 (4.00 ×) [4.0 ×] |"), "{text}");
        assert!(text.contains("| lancedb | 100 (0.10 ×) | – |"), "{text}");
    }
}
