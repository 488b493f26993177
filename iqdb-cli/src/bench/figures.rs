//! The figures of a benchmark, as a table for people and as one JSON object for programs.

use std::time::Duration;

use indicatif::{DecimalBytes, HumanCount};
use iqdb::{Backend, IndexStats};
use serde::Serialize;

use super::input::Input;
use super::measure::Measured;
use super::memory;
use crate::args::BenchArgs;
use crate::count::counted;
use crate::duration::human;
use crate::exit::Failure;
use crate::screen::Screen;

/// Everything that was measured. The fields are the keys of the JSON object, in this order; what
/// they mean stands in `iqdb bench --help`.
#[derive(Debug, Serialize)]
pub(super) struct Figures {
    backend: String,
    plan: String,
    metric: &'static str,
    n: usize,
    dim: usize,
    k: usize,
    threads: usize,
    batch: usize,
    recall: Option<f64>,
    qps: f64,
    p50_us: f64,
    p99_us: f64,
    gbs: f64,
    build_s: Option<f64>,
    rss_mb: Option<f64>,
    #[serde(flatten)]
    index: Option<IndexFigures>,
}

/// What was measured of an index, where queries gave up exactness.
#[derive(Debug, Serialize)]
struct IndexFigures {
    target_recall: f32,
    estimated_recall: f64,
    exact_share: f64,
    index_build_s: f64,
    index_bytes: Option<u64>,
    epoch: Option<String>,
}

impl IndexFigures {
    fn of(args: &BenchArgs, measured: &Measured, stats: Option<IndexStats>) -> Option<Self> {
        let (target_recall, time) = (args.recall?, measured.index_time?);
        let count = measured.estimates.len() as f64;
        let recalls = measured.estimates.iter().map(|it| it.map_or(1.0, f64::from));
        let exact = measured.estimates.iter().filter(|it| it.is_none()).count() as f64;
        Some(Self {
            target_recall,
            estimated_recall: recalls.sum::<f64>() / count,
            exact_share: exact / count,
            index_build_s: rounded(time.as_secs_f64(), 4),
            index_bytes: stats.map(|stats| stats.bytes),
            epoch: stats.map(|stats| format!("{:032x}", stats.epoch)),
        })
    }
}

impl Figures {
    pub(super) fn of(
        args: &BenchArgs,
        input: &Input,
        build_time: Option<Duration>,
        measured: &Measured,
        recall: Option<f64>,
        stats: Option<IndexStats>,
    ) -> Self {
        let seconds = measured.total().as_secs_f64();
        let micros = |percent| measured.percentile(percent).as_secs_f64() * 1e6;
        let plans: Vec<_> = measured.plans.iter().copied().collect();
        Self {
            backend: args
                .database
                .as_ref()
                .map_or(args.backend.to_string(), |_| Backend::File.to_string()),
            plan: plans.join("+"),
            metric: input.metric.as_str(),
            n: input.rows,
            dim: input.dim,
            k: input.k,
            threads: args.threads,
            batch: args.batch,
            // Never rounded: what is not 1 must not look like it.
            recall,
            qps: rounded(measured.queries as f64 / seconds, 2),
            p50_us: rounded(micros(50), 1),
            p99_us: rounded(micros(99), 1),
            gbs: rounded(measured.bytes_read as f64 / seconds / 1e9, 3),
            build_s: build_time.map(|time| rounded(time.as_secs_f64(), 4)),
            rss_mb: memory::peak_bytes().map(|bytes| rounded(bytes as f64 / 1e6, 1)),
            index: IndexFigures::of(args, measured, stats),
        }
    }

    /// One line of JSON.
    pub(super) fn json(&self, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let line = serde_json::to_string(self).map_err(std::io::Error::from)?;
        writeln!(screen.out, "{line}")?;
        Ok(())
    }

    /// A small table.
    pub(super) fn table(&self, screen: &mut Screen<'_>) -> Result<(), Failure> {
        let micros = |micros: f64| human(Duration::from_secs_f64(micros / 1e6));
        let or_unknown = |text: Option<String>| text.unwrap_or_else(|| "not known".into());
        let mut lines = vec![
            ("base", format!("{} × {}, {}", HumanCount(self.n as u64), self.dim, self.metric)),
            ("backend", self.backend.clone()),
            ("plan", format!("{}, {}", self.plan, counted(self.threads as u64, "thread"))),
            (
                "asked",
                format!("the {} nearest, {} per call", self.k, counted(self.batch as u64, "query")),
            ),
            ("recall", or_unknown(self.recall.map(|recall| recall.to_string()))),
            ("speed", format!("{:.1} queries/s", self.qps)),
            ("per call", format!("{} median, {} p99", micros(self.p50_us), micros(self.p99_us))),
            ("reading", format!("{:.1} GB/s", self.gbs)),
            ("build", self.build_s.map_or("none".into(), |s| human(Duration::from_secs_f64(s)))),
            ("memory", or_unknown(self.rss_mb.map(|mb| format!("{mb:.0} MB at the peak")))),
        ];
        if let Some(index) = &self.index {
            let bytes = index.index_bytes.map_or("none".into(), |bytes| {
                format!(
                    "{} in {}",
                    DecimalBytes(bytes),
                    human(Duration::from_secs_f64(index.index_build_s))
                )
            });
            let wanted = format!(
                "{} wanted, {:.4} estimated, {:.1} % answered exactly",
                index.target_recall,
                index.estimated_recall,
                100.0 * index.exact_share
            );
            lines.extend([("wanted", wanted), ("index", bytes)]);
        }
        for (name, value) in lines {
            writeln!(screen.out, "{} {value}", screen.faint().apply_to(format!("{name:<9}")))?;
        }
        Ok(())
    }
}

/// The value with at most this many decimals: a measurement has no more to say.
fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}
