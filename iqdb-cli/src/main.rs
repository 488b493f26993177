//! The `iqdb` command.

#![forbid(unsafe_code)]

use std::io::{self, BufReader, BufWriter};
use std::process::ExitCode;

use iqdb_cli::screen::Screen;

fn main() -> ExitCode {
    let mut out = BufWriter::new(io::stdout());
    let (mut err, mut answers) = (io::stderr(), BufReader::new(io::stdin()));
    let mut screen = Screen::of_process(&mut out, &mut err).with_answers(&mut answers);
    iqdb_cli::run(std::env::args_os(), &mut screen).into()
}
