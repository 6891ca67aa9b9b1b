//! The command line: arguments -> one [`Command`]. Pure; nothing is opened or looked up here, only the order of the places where a
//! configuration may lie is known ([`candidates`]). Written by hand because ldirectord's forms are positional
//! (docs/decisions/0002-command-line.md).

mod text;
mod words;

pub use text::{usage, version};

/// Under which name the program was called: under `ldirectord` it is that program and its own first-position verbs do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// Installed or linked as `ldirectord`.
    Ldirectord,
    /// Any other name.
    Own,
}

impl Name {
    /// From the last component of `argv[0]`.
    pub fn of(argv0: &str) -> Self {
        if argv0.rsplit('/').next() == Some("ldirectord") { Self::Ldirectord } else { Self::Own }
    }
    /// The word for usage texts.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ldirectord => "ldirectord",
            Self::Own => "ldirectord-rs",
        }
    }
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`usage`] on stdout, exit 0.
    Help(Name),
    /// Print [`version`] on stdout, exit 0.
    Version(Name),
    /// A verb about one configuration.
    Configured(Configured),
    /// A verb that needs no configuration; its own arguments follow it.
    Tool(Tool, Vec<String>),
}

/// A verb about one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    /// `-d`: foreground, no pid file, everything to stderr.
    pub debug: bool,
    /// CONFIG as given, `ldirectord.cf` where none is; to be looked for at [`candidates`].
    pub config: String,
    /// CFGNAME: names the pid file and the control socket, and stands in the log.
    pub name: String,
    /// What to do.
    pub verb: Verb,
    /// Everything behind the leading options, for the line `Invoking ldirectord invoked as: argv0 …`.
    pub arguments: Vec<String>,
}

/// The verbs about a configuration, with their options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `start`
    Start(StartOptions),
    /// `stop`
    Stop,
    /// `restart`
    Restart,
    /// `try-restart`
    TryRestart,
    /// `reload`
    Reload,
    /// `force-reload`
    ForceReload,
    /// `status`
    Status(StatusOptions),
    /// `check`
    Check(CheckOptions),
    /// `show`
    Show(ShowOptions),
    /// `probe`
    Probe(ProbeOptions),
}

/// Options of `start`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StartOptions {
    /// `--foreground`: no process of its own, pid file and log as in the background.
    pub foreground: bool,
    /// `--table`
    pub table: TableKind,
}

/// Which table the director writes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TableKind {
    /// The kernel's.
    #[default]
    Kernel,
    /// One in memory: dry runs and demonstrations.
    Memory,
}

/// Options of `status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusOptions {
    /// `--json`
    pub json: bool,
    /// `--verbose`: as on a terminal.
    pub verbose: bool,
}

/// Options of `check`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// `--fix`: the mended file on stdout, what was mended on stderr.
    pub fix: bool,
    /// `--json`: the findings on stdout.
    pub json: bool,
}

/// Options of `show`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShowOptions {
    /// `--json`
    pub json: bool,
    /// `--secrets`: passwords as they are.
    pub secrets: bool,
}

/// Options of `probe`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Only this virtual service (its id).
    pub virtual_service: Option<String>,
    /// Only this real server of it.
    pub real: Option<String>,
    /// `--trace`: print the conversation.
    pub trace: bool,
    /// `--json`
    pub json: bool,
}

/// Verbs of first position; a configuration file of such a name is reached as `./NAME`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// `demo`
    Demo,
    /// `table`
    Table,
    /// `sync-daemon`
    SyncDaemon,
    /// `lvs-alert`
    LvsAlert,
}

/// A command line that says nothing: `problems` go to stderr, then [`usage`] to stdout, exit 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Under which name the program was called.
    pub name: Name,
    /// One sentence each; empty where the usage text says it all.
    pub problems: Vec<String>,
}

/// The exit code of a [`Usage`].
pub const USAGE_EXIT: u8 = 255;

/// Where a configuration is looked for, in this order, each also the way it is printed; the first regular file wins.
pub fn candidates(config: &str) -> [String; 3] {
    [format!("/etc/ha.d/{config}"), format!("/etc/ha.d/conf/{config}"), config.to_owned()]
}

/// Understands the arguments behind `argv0`.
pub fn parse(argv0: &str, arguments: &[String]) -> Result<Command, Usage> {
    let name = Name::of(argv0);
    let wrong = |problems: Vec<String>| Usage { name, problems };
    let (leading, rest) = words::leading(arguments);
    if !leading.problems.is_empty() {
        return Err(wrong(leading.problems));
    }
    if leading.help {
        return Ok(Command::Help(name));
    }
    if leading.version {
        return Ok(Command::Version(name));
    }
    let Some((first, behind)) = rest.split_first() else { return Err(wrong(Vec::new())) };
    if let (Name::Own, Some(tool)) = (name, words::tool(first)) {
        return Ok(Command::Tool(tool, behind.to_vec()));
    }
    // CONFIG VERB …, or VERB … with the default configuration. Two verbs in a row are the first form, as ever: a file may be
    // called `status`. An option or an operand of `probe` makes the first word the verb.
    let (config, word, options) = match behind.split_first() {
        Some((second, options)) if words::is_verb(second) => (Some(first), second, options),
        Some((second, _)) if words::is_verb(first) && (second.starts_with('-') || first == "probe") => {
            (None, first, behind)
        }
        Some((second, _)) if words::is_verb(first) && words::is_new(first) => {
            return Err(wrong(vec![format!("CONFIG stands before the verb: {} {second} {first}", name.word())]));
        }
        None => (None, first, behind),
        Some(_) => return Err(wrong(Vec::new())),
    };
    let verb = match words::verb(word, options, name) {
        Ok(Some(verb)) => verb,
        Ok(None) => return Ok(Command::Help(name)),
        Err(problems) => return Err(wrong(problems)),
    };
    Ok(Command::Configured(Configured {
        debug: leading.debug,
        config: config.map_or("ldirectord.cf", String::as_str).to_owned(),
        name: config.map_or("ldirectord", |config| last_component(config)).to_owned(),
        verb,
        arguments: rest.to_vec(),
    }))
}

/// CFGNAME of a CONFIG: its last path component, extension included.
fn last_component(config: &str) -> &str {
    match config.rsplit('/').next() {
        Some("") | None => "ldirectord",
        Some(last) => last,
    }
}

#[cfg(test)]
mod tests;
