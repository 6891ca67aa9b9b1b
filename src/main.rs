//! From the command line to a verb to an exit code.
#![allow(clippy::disallowed_methods, reason = "the program's outermost layer reads arguments, environment and streams")]

use ldirectord::cli::{self, Command, Configured, Tool, Verb};
use ldirectord::cmd::{self, call::Call};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    cmd::outlive_size_limits();
    let mut arguments = std::env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let argv0 = arguments.next().unwrap_or_else(|| "ldirectord-rs".to_owned());
    let arguments: Vec<String> = arguments.collect();
    let (mut stdout, mut stderr) = (io::stdout(), io::stderr());
    let code = match cli::parse(&argv0, &arguments) {
        Ok(Command::Help(name)) => print(&mut stdout, &cli::usage(name)),
        Ok(Command::Version(name)) => print(&mut stdout, &cli::version(name)),
        Ok(Command::Configured(configured)) => run(&argv0, &configured, &mut stdout, &mut stderr),
        Ok(Command::Tool(Tool::Table, arguments)) => cmd::table::run(&argv0, &arguments),
        Ok(Command::Tool(Tool::Demo, arguments)) => cmd::demo::run(&arguments),
        Ok(Command::Tool(Tool::SyncDaemon, _)) => unavailable("sync-daemon", &mut stderr),
        Ok(Command::Tool(Tool::LvsAlert, _)) => unavailable("lvs-alert", &mut stderr),
        Err(usage) => {
            for problem in &usage.problems {
                let _ = writeln!(stderr, "{problem}");
            }
            print(&mut stdout, &cli::usage(usage.name));
            cli::USAGE_EXIT
        }
    };
    ExitCode::from(code)
}

/// A verb about a configuration.
fn run(argv0: &str, configured: &Configured, stdout: &mut dyn Write, stderr: &mut dyn Write) -> u8 {
    let call = Call { argv0, configured };
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    match &configured.verb {
        Verb::Start(_) | Verb::Restart | Verb::TryRestart => cmd::start::run(&call),
        Verb::Stop => cmd::stop::run(&call),
        Verb::Reload => cmd::reload::run(&call, "reload"),
        Verb::ForceReload => cmd::reload::run(&call, "force-reload"),
        Verb::Status(options) => cmd::status::run(&call, *options),
        Verb::Check(options) => {
            with_file(configured, stderr, |shown, stderr| cmd::check::run(shown, *options, stdout, stderr, colour))
        }
        Verb::Show(options) => {
            with_file(configured, stderr, |shown, stderr| cmd::show::run(shown, *options, stdout, stderr, colour))
        }
        Verb::Probe(options) => {
            with_file(configured, stderr, |shown, stderr| cmd::probe::run(shown, options, stdout, stderr, colour))
        }
    }
}

/// A verb that needs nothing but the configuration's file.
fn with_file(configured: &Configured, stderr: &mut dyn Write, verb: impl FnOnce(&str, &mut dyn Write) -> u8) -> u8 {
    match cmd::locate(&configured.config) {
        Ok(shown) => verb(&shown, stderr),
        Err(words) => {
            let _ = writeln!(stderr, "{words}");
            cmd::MISSING
        }
    }
}

/// Prints a text; a reader that went away is nobody's fault.
fn print(stdout: &mut dyn Write, text: &str) -> u8 {
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    0
}

/// A verb that this build does not have.
fn unavailable(verb: &str, stderr: &mut dyn Write) -> u8 {
    let _ = writeln!(stderr, "{verb} is not part of this version yet");
    cli::USAGE_EXIT
}
