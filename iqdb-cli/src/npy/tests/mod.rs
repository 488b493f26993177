//! Arrays that are what they say, and arrays that are not.

mod properties;
mod refusals;

use iqdb::Error;

use super::NpyReader;

/// A file of version 1.0 with this header text and this much data.
fn file(header: &str, data_bytes: usize) -> Vec<u8> {
    versioned([1, 0], header, data_bytes)
}

fn versioned(version: [u8; 2], header: &str, data_bytes: usize) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend(version);
    if version[0] == 1 {
        bytes.extend((header.len() as u16).to_le_bytes());
    } else {
        bytes.extend((header.len() as u32).to_le_bytes());
    }
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data_bytes, 0);
    bytes
}

fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

fn read(bytes: &[u8]) -> Result<Vec<f32>, Error> {
    NpyReader::<f32, _>::new("base.npy", bytes, bytes.len() as u64)?.read_all()
}
