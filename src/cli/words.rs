//! Options before the first word, and the verbs with the options behind them.

use super::{CheckOptions, Name, ProbeOptions, ShowOptions, StartOptions, StatusOptions, TableKind, Tool, Verb};

/// Options before the first word.
#[derive(Debug, Default)]
pub(super) struct Leading {
    pub(super) debug: bool,
    pub(super) help: bool,
    pub(super) version: bool,
    pub(super) problems: Vec<String>,
}

/// Reads them as Getopt::Long does with bundling, without abbreviation, up to the first word or `--`.
pub(super) fn leading(arguments: &[String]) -> (Leading, &[String]) {
    let mut found = Leading::default();
    let mut rest = arguments;
    while let Some((argument, behind)) = rest.split_first() {
        if argument == "--" {
            return (found, behind);
        }
        if let Some(long) = argument.strip_prefix("--") {
            let (word, value) = long.split_once('=').map_or((long, None), |(word, value)| (word, Some(value)));
            let slot = match word.to_ascii_lowercase().as_str() {
                "debug" => Some(&mut found.debug),
                "help" => Some(&mut found.help),
                "version" => Some(&mut found.version),
                _ => None,
            };
            match (slot, value) {
                (Some(slot), None) => *slot = true,
                (Some(_), Some(_)) => found.problems.push(format!("Option {word} does not take an argument")),
                (None, _) => found.problems.push(format!("Unknown option: {word}")),
            }
        } else if let Some(letters) = argument.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            for letter in letters.chars() {
                match letter {
                    'd' => found.debug = true,
                    'h' | '?' => found.help = true,
                    'v' => found.version = true,
                    '-' => {}
                    other => found.problems.push(format!("Unknown option: {other}")),
                }
            }
        } else {
            break;
        }
        rest = behind;
    }
    (found, rest)
}

/// A verb of first position.
pub(super) fn tool(word: &str) -> Option<Tool> {
    match word {
        "demo" => Some(Tool::Demo),
        "table" => Some(Tool::Table),
        "sync-daemon" => Some(Tool::SyncDaemon),
        "lvs-alert" => Some(Tool::LvsAlert),
        _ => None,
    }
}

/// Verbs that ldirectord does not have: what follows them is looked at strictly.
pub(super) fn is_new(word: &str) -> bool {
    matches!(word, "check" | "show" | "probe")
}

/// Verbs about a configuration.
pub(super) fn is_verb(word: &str) -> bool {
    is_new(word) || matches!(word, "start" | "stop" | "restart" | "try-restart" | "reload" | "force-reload" | "status")
}

/// The verb with its options; nothing where help was asked for behind it.
pub(super) fn verb(word: &str, options: &[String], name: Name) -> Result<Option<Verb>, Vec<String>> {
    let mut reading = Reading { options, problems: Vec::new(), help: false, operands: Vec::new() };
    let verb = match word {
        "start" => Verb::Start(reading.start()),
        "stop" => Verb::Stop,
        "restart" => Verb::Restart,
        "try-restart" => Verb::TryRestart,
        "reload" => Verb::Reload,
        "force-reload" => Verb::ForceReload,
        "status" => Verb::Status(reading.status()),
        "check" => Verb::Check(reading.check()),
        "show" => Verb::Show(reading.show()),
        "probe" => Verb::Probe(reading.probe()),
        _ => return Err(Vec::new()),
    };
    reading.each(|_, _| false);
    if is_new(word) {
        if reading.help {
            return Ok(None);
        }
        let mut operands = reading.operands.into_iter();
        let verb = match verb {
            Verb::Probe(options) => {
                Verb::Probe(ProbeOptions { virtual_service: operands.next(), real: operands.next(), ..options })
            }
            other => other,
        };
        reading.problems.extend(operands.map(|word| format!("Unknown argument: {word}")));
        return if reading.problems.is_empty() { Ok(Some(verb)) } else { Err(reading.problems) };
    }
    // ldirectord ignores whatever follows its action. So does this program under that name; under its own, a long option that does
    // not exist is a slip that should not start a daemon. A wrong value of an option of ours is one under any name.
    reading.problems.retain(|problem| match problem.strip_prefix("Unknown option: ") {
        Some(option) => name == Name::Own && option.len() > 1,
        None => true,
    });
    if reading.problems.is_empty() { Ok(Some(verb)) } else { Err(reading.problems) }
}

/// The options behind a verb while they are read.
struct Reading<'a> {
    options: &'a [String],
    problems: Vec<String>,
    help: bool,
    operands: Vec<String>,
}

impl Reading<'_> {
    /// Hands each `--option` (with `=value` split off) to `take`, which says whether it knows it; collects the rest.
    /// The options are consumed.
    fn each(&mut self, mut take: impl FnMut(&str, &mut Value<'_>) -> bool) {
        let mut only_operands = false;
        while let Some((argument, behind)) = self.options.split_first() {
            self.options = behind;
            if only_operands || !argument.starts_with('-') || argument == "-" {
                self.operands.push(argument.clone());
                continue;
            }
            if argument == "--" {
                only_operands = true;
                continue;
            }
            let bare = argument.trim_start_matches('-');
            if matches!(argument.as_str(), "-h" | "-?" | "--help") {
                self.help = true;
                continue;
            }
            let (word, inline) = bare.split_once('=').map_or((bare, None), |(word, value)| (word, Some(value)));
            let mut value = Value { inline, behind, used: 0, problem: None };
            if !argument.starts_with("--") || !take(word, &mut value) {
                self.problems.push(format!("Unknown option: {word}"));
                continue;
            }
            if value.inline.is_some() {
                self.problems.push(format!("Option {word} does not take an argument"));
            }
            self.options = behind.get(value.used..).unwrap_or_default();
            self.problems.extend(value.problem);
        }
    }
    fn start(&mut self) -> StartOptions {
        let mut options = StartOptions::default();
        self.each(|word, value| match word {
            "foreground" => set(&mut options.foreground),
            "table" => {
                match value.take() {
                    Some("memory") => options.table = TableKind::Memory,
                    Some("kernel") => options.table = TableKind::Kernel,
                    _ => value.problem = Some("Option table needs one of: kernel, memory".to_owned()),
                }
                true
            }
            _ => false,
        });
        options
    }
    fn status(&mut self) -> StatusOptions {
        let mut options = StatusOptions::default();
        self.each(|word, _| match word {
            "json" => set(&mut options.json),
            "verbose" => set(&mut options.verbose),
            _ => false,
        });
        options
    }
    fn check(&mut self) -> CheckOptions {
        let mut options = CheckOptions::default();
        self.each(|word, _| match word {
            "fix" => set(&mut options.fix),
            "json" => set(&mut options.json),
            _ => false,
        });
        if options.fix && options.json {
            self.problems
                .push("check --fix prints a file, check --json its findings: one of them at a time".to_owned());
        }
        options
    }
    fn show(&mut self) -> ShowOptions {
        let mut options = ShowOptions::default();
        self.each(|word, _| match word {
            "json" => set(&mut options.json),
            "secrets" => set(&mut options.secrets),
            _ => false,
        });
        options
    }
    fn probe(&mut self) -> ProbeOptions {
        let mut options = ProbeOptions::default();
        self.each(|word, _| match word {
            "trace" => set(&mut options.trace),
            "json" => set(&mut options.json),
            _ => false,
        });
        options
    }
}

/// A switch that was met.
fn set(switch: &mut bool) -> bool {
    *switch = true;
    true
}

/// What an option may take as its value: what follows its `=`, or the next argument.
struct Value<'a> {
    inline: Option<&'a str>,
    behind: &'a [String],
    used: usize,
    problem: Option<String>,
}

impl<'a> Value<'a> {
    fn take(&mut self) -> Option<&'a str> {
        if let Some(inline) = self.inline.take() {
            return Some(inline);
        }
        let next = self.behind.first()?;
        self.used = 1;
        Some(next)
    }
}
