//! The `iqdb` command.

#![forbid(unsafe_code)]

use std::io::{self, BufWriter};
use std::process::ExitCode;

use iqdb_cli::screen::Screen;

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let mut err = io::stderr();
    iqdb_cli::run(std::env::args_os(), &mut Screen::of_process(&mut out, &mut err)).into()
}
