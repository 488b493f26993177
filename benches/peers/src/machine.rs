//! What the machine is and how busy it was, as far as the system says.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// The machine, as a record names it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) arch: String,
    pub(crate) os: String,
    pub(crate) kernel: String,
    pub(crate) memory_gb: f64,
    pub(crate) huge_pages: String,
    /// Those of the processor's vector extensions that engines care for.
    pub(crate) vector_extensions: Vec<String>,
}

const EXTENSIONS: [&str; 6] = ["avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "asimd"];

impl Machine {
    pub(crate) fn here() -> Self {
        let cpu = read("/proc/cpuinfo");
        let of = |name: &str| {
            let line = cpu.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
        };
        let flags: Vec<&str> = of("flags").split_whitespace().collect();
        let memory = read("/proc/meminfo");
        let kilobytes = memory.split_whitespace().nth(1).and_then(|word| word.parse::<f64>().ok());
        let huge = read("/sys/kernel/mm/transparent_hugepage/enabled");
        let huge = huge.split_once('[').and_then(|(_, rest)| rest.split_once(']'));
        Self {
            processor: or_unknown(of("model name")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            arch: std::env::consts::ARCH.into(),
            os: std::env::consts::OS.into(),
            kernel: or_unknown(read("/proc/sys/kernel/osrelease").trim()),
            memory_gb: (kilobytes.unwrap_or_default() / 1e5).round() / 10.0,
            huge_pages: or_unknown(huge.map_or("", |(setting, _)| setting)),
            vector_extensions: EXTENSIONS
                .iter()
                .filter(|name| flags.contains(name))
                .map(|name| (*name).to_owned())
                .collect(),
        }
    }

    pub(crate) fn has(&self, extension: &str) -> bool {
        self.vector_extensions.iter().any(|name| name == extension)
    }
}

/// How many tasks were running on average in the last minute.
pub(crate) fn load() -> Option<f64> {
    read("/proc/loadavg").split_whitespace().next()?.parse().ok()
}

/// The file system that this directory is on, its type and options, as in `ext4 rw,relatime`.
pub(crate) fn file_system(dir: &Path) -> String {
    let dir = std::fs::canonicalize(dir).unwrap_or_default();
    let mounts = read("/proc/self/mounts");
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holds = fields.filter(|fields| fields.len() > 3 && dir.starts_with(fields[1]));
    let nearest = holds.max_by_key(|fields| fields[1].len());
    nearest.map_or("unknown".into(), |fields| format!("{} {}", fields[2], fields[3]))
}

/// This moment in UTC, as in `2026-01-31T12:00Z`.
pub(crate) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%MZ").to_string()
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn or_unknown(text: &str) -> String {
    if text.is_empty() { "unknown".into() } else { text.into() }
}
