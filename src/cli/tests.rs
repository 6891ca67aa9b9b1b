use super::*;

fn run(argv0: &str, line: &str) -> Result<Command, Usage> {
    let arguments: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    parse(argv0, &arguments)
}
fn own(line: &str) -> Result<Command, Usage> {
    run("target/debug/ldirectord-rs", line)
}
fn configured(line: &str) -> Configured {
    match own(line) {
        Ok(Command::Configured(configured)) => configured,
        other => panic!("{line}: {other:?}"),
    }
}
fn problems(line: &str) -> Vec<String> {
    match own(line) {
        Err(usage) => usage.problems,
        Ok(command) => panic!("{line}: {command:?}"),
    }
}

#[test]
fn every_action_in_both_forms() {
    let verbs = [
        ("start", Verb::Start(StartOptions::default())),
        ("stop", Verb::Stop),
        ("restart", Verb::Restart),
        ("try-restart", Verb::TryRestart),
        ("reload", Verb::Reload),
        ("force-reload", Verb::ForceReload),
        ("status", Verb::Status(StatusOptions::default())),
        ("check", Verb::Check(CheckOptions::default())),
        ("show", Verb::Show(ShowOptions::default())),
        ("probe", Verb::Probe(ProbeOptions::default())),
    ];
    for (word, verb) in verbs {
        for argv0 in ["ldirectord-rs", "/usr/sbin/ldirectord", "/etc/ha.d/resource.d/ldirectord", "ldirectord"] {
            let expected = |config: &str, name: &str, line: &str| Configured {
                debug: false,
                config: config.into(),
                name: name.into(),
                verb: verb.clone(),
                arguments: line.split(' ').map(str::to_owned).collect(),
            };
            assert_eq!(run(argv0, word), Ok(Command::Configured(expected("ldirectord.cf", "ldirectord", word))));
            let line = format!("/srv/c/a.cf {word}");
            assert_eq!(run(argv0, &line), Ok(Command::Configured(expected("/srv/c/a.cf", "a.cf", &line))));
        }
    }
}

#[test]
fn the_name_of_a_configuration_is_its_last_component() {
    for (config, name) in [
        ("ldirectord.cf", "ldirectord.cf"),
        ("/etc/ha.d//conf/web.cf", "web.cf"),
        ("./table", "table"),
        ("-", "-"),
        ("status", "status"),
        ("dir/", "ldirectord"),
    ] {
        let found = configured(&format!("{config} status"));
        assert_eq!((found.config.as_str(), found.name.as_str()), (config, name));
    }
}

#[test]
fn the_places_of_a_configuration() {
    assert_eq!(candidates("a.cf"), ["/etc/ha.d/a.cf", "/etc/ha.d/conf/a.cf", "a.cf"]);
    assert_eq!(candidates("/abs/a.cf")[0], "/etc/ha.d//abs/a.cf");
}

#[test]
fn usage_without_further_words() {
    for line in ["", "frob", "a.cf frob", "start frob", "Start", "a.cf START", "-", "-d", "-d --", "--", "stop a.cf"] {
        assert_eq!(problems(line), Vec::<String>::new(), "{line}");
    }
}

#[test]
fn unknown_options() {
    for (line, expected) in [
        ("--bogus", vec!["Unknown option: bogus"]),
        ("--bogus a.cf status", vec!["Unknown option: bogus"]),
        ("--deb a.cf status", vec!["Unknown option: deb"]),
        ("--no-debug", vec!["Unknown option: no-debug"]),
        ("-x -v", vec!["Unknown option: x"]),
        ("-D -v", vec!["Unknown option: D"]),
        ("-xyd", vec!["Unknown option: x", "Unknown option: y"]),
        ("-v=3", vec!["Unknown option: =", "Unknown option: 3"]),
        ("--bog --ugh a.cf", vec!["Unknown option: bog", "Unknown option: ugh"]),
        ("--debug=1 -v", vec!["Option debug does not take an argument"]),
        ("a.cf check --frobnicate", vec!["Unknown option: frobnicate"]),
        ("a.cf check -x", vec!["Unknown option: x"]),
        ("a.cf check --fix=yes", vec!["Option fix does not take an argument"]),
        ("a.cf check more", vec!["Unknown argument: more"]),
        ("a.cf probe one two three", vec!["Unknown argument: three"]),
        ("check a.cf", vec!["CONFIG stands before the verb: ldirectord-rs a.cf check"]),
        ("a.cf start --foregroud", vec!["Unknown option: foregroud"]),
        ("a.cf start --table", vec!["Option table needs one of: kernel, memory"]),
        ("a.cf start --table disk", vec!["Option table needs one of: kernel, memory"]),
        (
            "a.cf check --fix --json",
            vec!["check --fix prints a file, check --json its findings: one of them at a time"],
        ),
    ] {
        assert_eq!(problems(line), expected, "{line}");
    }
}

#[test]
fn help_and_version() {
    for line in ["-h", "-?", "--help", "-vh", "-v -h", "--HELP", "-h a.cf start", "a.cf check --help", "check -h"] {
        assert_eq!(own(line), Ok(Command::Help(Name::Own)), "{line}");
    }
    for line in ["-v", "--version", "-vd", "-dv", "-d-v", "-vv", "--Version", "-v nosuch.cf start"] {
        assert_eq!(own(line), Ok(Command::Version(Name::Own)), "{line}");
        assert_eq!(run("/usr/sbin/ldirectord", line), Ok(Command::Version(Name::Ldirectord)), "{line}");
    }
    let first = |name| version(name).lines().next().unwrap().to_owned();
    assert_eq!(first(Name::Ldirectord), "Linux Director v1.186-ha");
    assert_eq!(first(Name::Own), format!("ldirectord-rs {}", env!("CARGO_PKG_VERSION")));
    assert!(usage(Name::Own).contains("\n    demo "));
    assert!(!usage(Name::Ldirectord).contains("demo"));
}

#[test]
fn leading_options_end_at_the_first_word() {
    for line in ["-d a.cf status", "--debug a.cf status", "-d -- a.cf status"] {
        let found = configured(line);
        assert!(found.debug, "{line}");
        assert_eq!(found.arguments, ["a.cf", "status"], "{line}");
    }
    for line in ["-- a.cf status", "a.cf status", "a.cf status -d", "a.cf status -v"] {
        assert!(!configured(line).debug, "{line}");
    }
    assert_eq!(configured("-- -d status").config, "-d");
}

#[test]
fn what_follows_an_action_of_old_is_ignored() {
    for line in ["a.cf status extra args", "a.cf status -d", "a.cf stop now", "a.cf start -x", "a.cf status -- --json"]
    {
        let found = configured(line);
        assert_eq!(found.arguments, line.split(' ').collect::<Vec<_>>());
        assert!(
            matches!(found.verb, Verb::Stop)
                || found.verb == Verb::Start(StartOptions::default())
                || found.verb == Verb::Status(StatusOptions::default()),
            "{found:?}"
        );
    }
    let under_its_name = run("/usr/sbin/ldirectord", "a.cf start --whatever");
    assert!(matches!(under_its_name, Ok(Command::Configured(_))), "{under_its_name:?}");
}

#[test]
fn options_behind_verbs() {
    let start = |foreground, table| Verb::Start(StartOptions { foreground, table });
    let probe = |virtual_service: Option<&str>, real: Option<&str>, trace| {
        Verb::Probe(ProbeOptions {
            virtual_service: virtual_service.map(str::to_owned),
            real: real.map(str::to_owned),
            trace,
            json: false,
        })
    };
    for (line, verb) in [
        ("a.cf start --foreground", start(true, TableKind::Kernel)),
        ("start --foreground", start(true, TableKind::Kernel)),
        ("start --table memory", start(false, TableKind::Memory)),
        ("a.cf start --table=memory --foreground", start(true, TableKind::Memory)),
        ("a.cf start --table kernel", start(false, TableKind::Kernel)),
        ("a.cf status --json", Verb::Status(StatusOptions { json: true, verbose: false })),
        ("status --verbose --json", Verb::Status(StatusOptions { json: true, verbose: true })),
        ("check --fix", Verb::Check(CheckOptions { fix: true, json: false })),
        ("a.cf check --json", Verb::Check(CheckOptions { fix: false, json: true })),
        ("a.cf show --json --secrets", Verb::Show(ShowOptions { json: true, secrets: true })),
        ("show --secrets", Verb::Show(ShowOptions { json: false, secrets: true })),
        ("probe", probe(None, None, false)),
        ("probe --trace", probe(None, None, true)),
        ("probe tcp:10.0.0.1:80", probe(Some("tcp:10.0.0.1:80"), None, false)),
        ("a.cf probe tcp:10.0.0.1:80 --trace 10.1.0.1:80", probe(Some("tcp:10.0.0.1:80"), Some("10.1.0.1:80"), true)),
    ] {
        assert_eq!(configured(line).verb, verb, "{line}");
    }
}

#[test]
fn verbs_of_first_position() {
    for (word, tool) in
        [("demo", Tool::Demo), ("table", Tool::Table), ("sync-daemon", Tool::SyncDaemon), ("lvs-alert", Tool::LvsAlert)]
    {
        assert_eq!(own(word), Ok(Command::Tool(tool, vec![])));
        let with = own(&format!("{word} list --stay"));
        assert_eq!(with, Ok(Command::Tool(tool, vec!["list".into(), "--stay".into()])));
        // Under ldirectord's name it is a configuration file, as ever.
        assert!(run("ldirectord", word).is_err());
        let file = run("/usr/sbin/ldirectord", &format!("{word} status"));
        assert!(matches!(file, Ok(Command::Configured(Configured { config, .. })) if config == word));
        assert_eq!(configured(&format!("./{word} status")).config, format!("./{word}"));
        assert!(own(&format!("a.cf {word}")).is_err());
    }
}
