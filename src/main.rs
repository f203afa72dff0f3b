//! The one binary. Everything is in the library; see [`mirror::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    mirror::cli::main()
}
