//! The `callboard` program.

fn main() -> std::process::ExitCode {
    callboard::cli::run(std::env::args_os())
}
