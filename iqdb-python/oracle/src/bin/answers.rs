//! What the facade answers in Rust, for the tests that hold Python's answers against it.
//!
//! `answers DIR` opens a database and reads a query per line: `k`, `within` or `-`, the filter or `-`, and
//! the components' bits, separated by tabs. It prints the hits of each: ids and the bits of distances.

#![allow(clippy::print_stdout)]

use std::error::Error;
use std::io::{self, BufRead};

use iqdb::Iqdb;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).ok_or("answers DIR")?;
    let db = Iqdb::open_read_only(dir)?;
    for line in io::stdin().lock().lines() {
        println!("{}", answer(&db, &line?)?);
    }
    Ok(())
}

fn answer(db: &Iqdb, line: &str) -> Result<String, Box<dyn Error>> {
    let parts: Vec<&str> = line.split('\t').collect();
    let [k, within, filter, bits] = parts[..] else { return Err("four parts".into()) };
    let bits = bits.split(' ').map(|bits| u32::from_str_radix(bits, 16).map(f32::from_bits));
    let mut query = db.query(bits.collect::<Result<Vec<f32>, _>>()?).k(k.parse()?);
    if within != "-" {
        query = query.within(f64::from_bits(u64::from_str_radix(within, 16)?));
    }
    if filter != "-" {
        query = query.filter(filter);
    }
    let hits = query.run()?;
    let hits = hits.iter().map(|hit| format!("{:?} {:016x}", hit.id, hit.distance.to_bits()));
    Ok(hits.collect::<Vec<_>>().join("\t"))
}
