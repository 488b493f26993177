//! Writes the golden databases of the newest format to `tests/golden`.
//!
//! Only for a new format: those of a format that was released never change.

#[allow(dead_code, reason = "what is in them is for those who read them")]
#[path = "../tests/golden/v2.rs"]
mod v2;

use std::fs;
use std::io;
use std::path::Path;

use xxhash_rust::xxh3::xxh3_64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v2");
    match fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    for made in v2::all()? {
        let folder = folder.join(made.name);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in &made.files {
            fs::write(folder.join(name), bytes)?;
        }
    }
    let hashes: String = v2::large()?
        .files
        .iter()
        .map(|(name, bytes)| format!("{name} {} {:016x}\n", bytes.len(), xxh3_64(bytes)))
        .collect();
    fs::write(folder.join("large.txt"), hashes)?;
    Ok(())
}
