//! `start`, `restart`, `try-restart`: into the background, unless something asks for the foreground.

use super::call::Call;
use crate::cli::{TableKind, Verb};
use crate::daemon::serve::{Launch, Takeover, Which, complain, serve};
use crate::daemon::{load, process};
use std::path::Path;

/// Exit code 0: an instance runs (or did already); 1: it could not; 2: the configuration is wrong.
pub fn run(call: &Call<'_>) -> u8 {
    let configured = call.configured;
    let Some(config) = call.find() else { return call.not_found() };
    let (options, word) = match &configured.verb {
        Verb::Start(options) => (*options, "start"),
        Verb::Restart => (crate::cli::StartOptions::default(), "restart"),
        _ => (crate::cli::StartOptions::default(), "try-restart"),
    };
    let launched = process::launched_verb();
    if launched.is_some() {
        process::close_inherited();
    }
    let word = launched.as_deref().unwrap_or(word);
    let supervised = || {
        let text = load::read(Path::new(&config)).ok();
        text.and_then(|text| load::glance(&text)).is_some_and(|config| config.globals.supervised)
    };
    if launched.is_none() && !configured.debug && !options.foreground && !supervised() {
        let arguments = replace_verb(&configured.arguments, word, "start");
        return process::launch(call.argv0, &arguments, word).unwrap_or_else(|error| {
            complain(&format!("Can not start {}: {error}", call.argv0));
            1
        });
    }
    serve(&Launch {
        config,
        name: configured.name.clone(),
        invoked: call.invoked(&replace_verb(&configured.arguments, "start", word)),
        debug: configured.debug,
        takeover: match word {
            "restart" => Takeover::Replace,
            "try-restart" => Takeover::ReplaceOnly,
            _ => Takeover::Leave,
        },
        table: match options.table {
            TableKind::Kernel => Which::Kernel,
            TableKind::Memory => Which::Memory,
        },
        launched: launched.is_some(),
    })
}

/// The arguments with another verb: it stands first or second, and a configuration may be called like one.
fn replace_verb(arguments: &[String], old: &str, new: &str) -> Vec<String> {
    let second = arguments.get(1).is_some_and(|word| word == old);
    let place = usize::from(second);
    arguments
        .iter()
        .enumerate()
        .map(|(position, word)| if position == place && word == old { new.to_owned() } else { word.clone() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verb_is_replaced_where_it_stands() {
        for (before, after) in [
            ("restart", "start"),
            ("a.cf restart", "a.cf start"),
            ("restart restart", "restart start"),
            ("a.cf restart restart", "a.cf start restart"),
            ("a.cf start", "a.cf start"),
        ] {
            let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(replace_verb(&words(before), "restart", "start"), words(after));
        }
    }
}
