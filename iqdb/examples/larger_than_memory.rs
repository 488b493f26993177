//! A database that is several times as large as the memory of its process still answers, and with
//! codes in memory it answers fast.
//!
//! `cargo run --release -p iqdb --example larger_than_memory -- [times] [limit in MiB] [directory]`
//! makes a database `times` (4) as large as the limit (256), and asks it in processes of its own: one
//! without a limit, whose answers count, and two under the limit, one with codes and one that scans
//! the vectors. Limits memory by a control group, which takes root, and says so where there is none.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use iqdb::{Hits, Iqdb, Metric, Plan, Record, Schema};
use iqdb_file::{FileOptions, FileStore};

const DIM: usize = 384;
const BATCH: usize = 10_000;
const QUERIES: usize = 100;
/// Of a scan from the disk a few are enough.
const SLOW_QUERIES: usize = 3;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("ask") => ask(&arguments[1..]),
        _ => run(&arguments),
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let number = |n: usize, default| arguments.get(n).map_or(Ok(default), |text| text.parse());
    let (times, limit_mib) = (number(0, 4)?, number(1, 256)?);
    let place = arguments.get(2).map_or_else(|| Path::new("target/larger-than-memory"), Path::new);
    let rows = times * (limit_mib << 20) / (DIM * size_of::<f32>()) as u64;
    if place.exists() {
        std::fs::remove_dir_all(place)?;
    }
    std::fs::create_dir_all(place)?;
    let dir = place.join("db");
    println!("{rows} rows of {DIM} components, {times} times a memory of {limit_mib} MiB");
    build(&dir, rows)?;

    let free = child(&dir, "certified", None)?;
    println!("without a limit, certified   {:>9.1} ms", free.0);
    match Group::new(limit_mib << 20) {
        Err(error) => println!("skipped: memory can't be limited here: {error}"),
        Ok(group) => {
            // Pages that are in memory already don't count as the group's.
            forget_files()?;
            let certified = child(&dir, "certified", Some(&group))?;
            println!("{limit_mib} MiB, certified           {:>9.1} ms", certified.0);
            forget_files()?;
            let plain = child(&dir, "f32", Some(&group))?;
            println!("{limit_mib} MiB, scan of the vectors {:>9.1} ms", plain.0);
            println!("{:.1} times as fast", plain.0 / certified.0);
            for (name, answer) in [("certified", &certified.1), ("f32", &plain.1)] {
                if !free.1.starts_with(answer) {
                    return Err(format!("the answers of {name} under the limit are wrong").into());
                }
            }
            println!("the answers are the same, bit for bit");
        }
    }
    std::fs::remove_dir_all(place)?;
    Ok(())
}

/// Vectors around a thousand centers.
struct Vectors(u64);

impl Vectors {
    fn next(&mut self) -> f32 {
        // SplitMix64 (Steele, Lea, Flood 2014, Figure 15).
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ bits >> 31) >> 40) as f32 / (1 << 23) as f32 - 1.0
    }

    fn vector(n: u64) -> Vec<f32> {
        let (mut center, mut noise) = (Self(n % 1_000), Self(n + 1_000_000));
        // As in embeddings, a few directions vary more than all others.
        let spread = |i: usize| 2.0 / (1.0 + i as f32 / 8.0).sqrt();
        (0..DIM).map(|i| spread(i) * (center.next() + 0.7 * noise.next())).collect()
    }
}

fn build(dir: &Path, rows: u64) -> Result<()> {
    let started = Instant::now();
    let schema = Schema::new(DIM, Metric::Cosine)?;
    let builder = Iqdb::builder().keep_derived_from_bytes(0);
    let db = builder.create(dir, schema)?;
    for start in (0..rows).step_by(BATCH) {
        let records = (start..rows.min(start + BATCH as u64))
            .map(|n| Record::new(n, Vectors::vector(n)))
            .collect::<iqdb::Result<Vec<_>>>()?;
        db.upsert_many(records)?;
    }
    db.compact()?;
    db.prepare()?;
    println!(
        "made in {:.0} s, {} MiB on the disk",
        started.elapsed().as_secs_f64(),
        db.file_stats()?.bytes >> 20
    );
    Ok(())
}

/// Runs the queries in a process of its own: the median in milliseconds, and the answers.
fn child(dir: &Path, plan: &str, group: Option<&Group>) -> Result<(f64, String)> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("ask").arg(dir).arg(plan);
    if let Some(group) = group {
        command.arg(group.0.join("cgroup.procs"));
    }
    let output = command.stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("a process of {plan} failed: {} {text}", output.status).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let (median, answers) = text.split_once('\n').ok_or("a process said nothing")?;
    Ok((median.parse()?, answers.trim_end().to_owned()))
}

fn ask(arguments: &[String]) -> Result<()> {
    if let Some(group) = arguments.get(2) {
        std::fs::write(group, std::process::id().to_string())?;
    }
    let options = FileOptions::new().with_derived_from_bytes(0);
    let store = FileStore::open_read_only(&arguments[0], &options)?;
    // Over a store as such, nothing is prepared in the background while the time is taken.
    let db = Iqdb::with_store(store);
    let (plan, queries) = match arguments[1].as_str() {
        "f32" => (Plan::F32, SLOW_QUERIES),
        _ => (Plan::Auto, QUERIES),
    };
    if plan != Plan::F32 {
        db.prepare()?;
    }
    let mut times = Vec::new();
    let mut answers = String::new();
    for n in 0..queries as u64 {
        // Near a row, and not one.
        let mut vector = Vectors::vector(n * 7_919);
        vector[0] += 0.5;
        let started = Instant::now();
        let (hits, explain): (Hits, _) = db.query(vector).k(10).plan(plan).explain()?;
        times.push((started.elapsed().as_secs_f64() * 1e3, explain.candidates - explain.excluded));
        for hit in &hits {
            answers += &format!("{} {:016x}\n", hit.id, hit.distance.to_bits());
        }
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (median, in_question) = times[times.len() / 2];
    eprintln!("{in_question} rows were in question");
    println!("{median}\n{answers}");
    Ok(())
}

/// Makes the system forget what it has of files on disks.
fn forget_files() -> Result<()> {
    Command::new("sync").status()?;
    Ok(std::fs::write("/proc/sys/vm/drop_caches", "1")?)
}

/// A control group with a limit on memory, removed when it is dropped.
struct Group(PathBuf);

impl Group {
    fn new(bytes: u64) -> Result<Self> {
        let name = format!("iqdb-{}", std::process::id());
        let old = Path::new("/sys/fs/cgroup/memory").join(&name);
        let new = Path::new("/sys/fs/cgroup").join(&name);
        let (path, limit) = match old.parent().is_some_and(Path::exists) {
            true => (old, "memory.limit_in_bytes"),
            false => (new, "memory.max"),
        };
        std::fs::create_dir(&path)?;
        let group = Self(path);
        std::fs::write(group.0.join(limit), bytes.to_string())?;
        Ok(group)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}
