//! The texts of `-h` and `-v`.

use super::Name;

/// The usage text, ending in a newline.
pub fn usage(name: Name) -> String {
    let program = name.word();
    let mut text = format!(
        "Usage:
    {program} [-d|--debug] [--] [CONFIG] start | stop | restart | try-restart |
        reload | force-reload | status | check | show | probe
    {program} -h|-?|--help|-v|--version
"
    );
    if name == Name::Own {
        text.push_str(&format!("    {program} demo [--stay] | table list [CONFIG]\n"));
    }
    text.push_str(
        "
Options:
    CONFIG          name of the configuration file; looked for as
                    /etc/ha.d/CONFIG, /etc/ha.d/conf/CONFIG and CONFIG.
                    Without it: ldirectord.cf
    -d, --debug     stay in the foreground, log everything to stderr
    -h, --help      print this text
    -v, --version   print the version

    start           start the daemon for this configuration
                    --foreground    do not become a daemon, keep pid file and log
                    --table memory  keep the table in memory, not in the kernel
    stop            stop it and wait for its end
    restart         hand over to a new daemon, starting one if none runs
    try-restart     the same, only if one runs
    reload, force-reload
                    make the running daemon read its configuration again
    status          say whether it runs: exit code 0, or 3, or 1 with a stale pid file
                    --verbose       every virtual service and real server
                    --json          the same for programs
    check           find everything that is wrong with the configuration:
                    exit code 0 if it loads, 2 if not
                    --fix           print a mended file
                    --json          the findings for programs
    show            print the configuration with all defaults
                    --json          for programs
                    --secrets       passwords as they are
    probe [VIRTUAL] [REAL]
                    run the checks once, now, without a daemon
                    --trace         and print what is said, secrets masked
                    --json          for programs
",
    );
    if name == Name::Own {
        text.push_str(
            "
    demo            watch a director at work, without root and without IPVS
    table list      print the table as ipvsadm -L -n does
                    A configuration file called demo, table, sync-daemon or lvs-alert is ./NAME.
",
        );
    }
    text
}

/// The version, ending in a newline. Under the name `ldirectord` the first line is that program's, because scripts compare it.
pub fn version(name: Name) -> String {
    let own = format!("ldirectord-rs {}\n", env!("CARGO_PKG_VERSION"));
    match name {
        Name::Ldirectord => format!("Linux Director v1.186-ha\n{own}"),
        Name::Own => own,
    }
}
