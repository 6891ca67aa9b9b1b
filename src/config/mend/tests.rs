use super::*;
use proptest::prelude::*;

fn mended(text: &str) -> (String, Vec<(usize, Fault)>) {
    let (text, mendings) = mend(text.as_bytes());
    (text, mendings.into_iter().map(|mending| (mending.line, mending.fault)).collect())
}

#[test]
fn files_as_tutorials_print_them() {
    for (before, after, count) in [
        (
            include_str!("../../../fixtures/mend/tutorial.cf"),
            include_str!("../../../fixtures/mend/tutorial.mended.cf"),
            15,
        ),
        (include_str!("../../../fixtures/mend/flat.cf"), include_str!("../../../fixtures/mend/flat.mended.cf"), 6),
    ] {
        let (text, mendings) = mended(before);
        assert_eq!(text, after);
        assert_eq!(mendings.len(), count, "{mendings:#?}");
        assert_eq!(mended(&text), (text, vec![]));
    }
}

#[test]
fn global_lines() {
    for (before, after, faults) in [
        ("autoreload=yes # c", "# c\nautoreload=yes", vec![Fault::TrailingComment]),
        ("autoreload = yes#c", "#c\nautoreload = yes", vec![Fault::TrailingComment]),
        ("autoreload=yes  ", "autoreload=yes", vec![Fault::TrailingBlanks]),
        ("fork=no\u{a0}", "fork=no", vec![Fault::Blank('\u{a0}')]),
        ("fork\u{3000}=\u{3000}no", "fork  =  no", vec![Fault::Blank('\u{3000}')]),
        ("  checkinterval=5", "checkinterval=5", vec![Fault::SuperfluousIndentation]),
        ("supervised", "supervised=yes", vec![Fault::BareSupervised]),
        ("supervised # c", "# c\nsupervised=yes", vec![Fault::BareSupervised]),
        ("logfile=/var/log/l", "logfile=\"/var/log/l\"", vec![Fault::MissingQuotes]),
        ("logfile=/var/log/l # \"c\"", "logfile=\"/var/log/l\" # 'c'", vec![Fault::MissingQuotes]),
        ("logfile='/var/log/l'", "logfile=\"/var/log/l\"", vec![Fault::Quotes('\'')]),
        ("callback=“/bin/true”", "callback=\"/bin/true\"", vec![Fault::Quotes('“')]),
        ("callback=\"/bin/true", "callback=\"/bin/true\"", vec![Fault::MissingQuotes]),
        ("fallback=127.0.0.1:80 gate # c", "# c\nfallback=127.0.0.1:80 gate", vec![Fault::TrailingComment]),
        ("emailalert=“a@example.org”", "emailalert=\"a@example.org\"", vec![Fault::Quotes('“')]),
        ("emailalertstatus=all ", "emailalertstatus=all", vec![Fault::TrailingBlanks]),
        ("\u{3000}", "", vec![Fault::Blank('\u{3000}')]),
        ("\u{feff}checkinterval=5", "checkinterval=5", vec![Fault::ByteOrderMark]),
        ("fork=no\r\ncheckcount=1\r\n", "fork=no\ncheckcount=1\n", vec![Fault::CarriageReturn]),
    ] {
        let (text, found) = mended(before);
        assert_eq!(text, after, "{before}");
        assert_eq!(found.into_iter().map(|(_, fault)| fault).collect::<Vec<_>>(), faults, "{before}");
    }
}

#[test]
fn block_lines() {
    for (before, after, faults) in [
        ("real=10.0.0.1 gate", "    real=10.0.0.1 gate", vec![Fault::LostIndentation]),
        ("  real=10.0.0.1 gate", "    real=10.0.0.1 gate", vec![Fault::ShortIndentation]),
        ("\u{3000}\u{3000}real=10.0.0.1 gate", "    real=10.0.0.1 gate", vec![Fault::Blank('\u{3000}')]),
        ("\u{a0}real=10.0.0.1 gate", "    real=10.0.0.1 gate", vec![Fault::Blank('\u{a0}'), Fault::ShortIndentation]),
        ("    real=10.0.0.1\u{a0}gate", "    real=10.0.0.1 gate", vec![Fault::Blank('\u{a0}')]),
        ("\treal=10.0.0.1 gate “a”,“b”", "\treal=10.0.0.1 gate \"a\",\"b\"", vec![Fault::Quotes('“')]),
        ("\treal=10.0.0.1 gate -w 7 # c", "\treal=10.0.0.1 gate 7 # c", vec![Fault::WeightOption]),
        ("\treal=10.0.0.1 gate -w x", "\treal=10.0.0.1 gate -w x", vec![]),
        ("\treceive=OK there # c", "\treceive=\"OK there\" # c", vec![Fault::MissingQuotes]),
        ("\trequest=„/x”", "\trequest=\"/x\"", vec![Fault::Quotes('„')]),
        ("\trequest=”/x\"", "\trequest=\"/x\"", vec![Fault::Quotes('”')]),
        ("\tcheckcommand=“/bin/x” # c", "\tcheckcommand=\"/bin/x\" # c", vec![Fault::Quotes('“')]),
        ("\tvirtualhost=”www.example.org”", "\tvirtualhost=\"www.example.org\"", vec![Fault::Quotes('”')]),
        ("\tquiescent=yes # c", "\t# c\n\tquiescent=yes", vec![Fault::TrailingComment]),
        ("\tnetmask=255.255.255.255 ", "\tnetmask=255.255.255.255", vec![Fault::TrailingBlanks]),
        (
            "\treal=10.0.0.1 gate\n\n\tservice=http",
            "\treal=10.0.0.1 gate\n    #\n\tservice=http",
            vec![Fault::BlankLineInBlock],
        ),
        ("\tservice=http\n      \n\nfork=no", "\tservice=http\n\n\nfork=no", vec![Fault::LineOfBlanks]),
        (
            "\tservice=http\n\n virtual=1.2.3.5:80",
            "\tservice=http\n\nvirtual=1.2.3.5:80",
            vec![Fault::SuperfluousIndentation],
        ),
    ] {
        let (text, found) = mended(&format!("virtual=192.0.2.1:80\n{before}\n"));
        assert_eq!(text, format!("virtual=192.0.2.1:80\n{after}\n"), "{before}");
        assert_eq!(found.into_iter().map(|(_, fault)| fault).collect::<Vec<_>>(), faults, "{before}");
    }
}

#[test]
fn what_loads_already_stays_and_what_is_no_trifle_too() {
    for line in [
        "virtual=192.0.2.1:80\t# a comment may stand here",
        "virtual=1\n\tpasswd=\"a#b\"",
        "virtual=1\n\treceive=\"“quoted”\"",
        "virtual=1\n\tquiescent=yes# c",
        "virtual=1\n\tservicename=Web\u{a0}Site “one”",
        "virtual=1\n\treal=10.0.0.1 gate \"/a“b\", \"c\u{a0}d\"",
        "virtual=1\n\treal=10.0.0.1 gate\n#column 1\n\tservice=http  # c",
        "virtual=1\n\treal=10.0.0.1 gate\n\nchecktimeout=5 # c\nemailalertfrom=a@example.org # kept",
        "virtual=1\n\tautoreload=yes\n\tservice=http",
        "virtual=1\n\treceive=\"\"",
        "virtual=1\n\treceive=''",
        "virtual=1\n\treceive=",
        "logfile=",
        "execute=a.cf # verbatim",
        "bogus",
        "bogus=1 # c",
        "  ",
        "",
    ] {
        assert_eq!(mended(line), (line.to_owned(), vec![]));
    }
}

#[test]
fn other_encodings_are_read() {
    let (text, mendings) = mend(b"# caf\xe9\nlogfile=\x93/var/log/l\x94\n");
    assert_eq!(text, "# café\nlogfile=\"/var/log/l\"\n");
    assert_eq!(mendings.len(), 2);
    assert_eq!(mendings[0].to_string(), "line 1: bytes that are not UTF-8: read as Windows-1252, written as UTF-8");
    assert_eq!(mendings[1].to_string(), "line 2: typographic quotes (“) around the value: plain double quotes");
}

#[test]
fn ten_megabytes_of_noise_are_survived() {
    let noise: Vec<u8> = (0..10_000_000u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect();
    let (text, _) = mend(&noise);
    assert!(text.len() >= 10_000_000);
}

/// Lines that ldirectord takes, in their places.
fn strict_file() -> impl Strategy<Value = String> {
    let global = prop_oneof![
        Just("checktimeout=3 # three".to_owned()),
        Just("autoreload=yes".to_owned()),
        Just("quiescent = no".to_owned()),
        Just("logfile=\"/var/log/l\" # \"c\"".to_owned()),
        Just("fallback=127.0.0.1:80 gate".to_owned()),
        Just("emailalertstatus=all, none".to_owned()),
        Just("# comment".to_owned()),
        Just("   \t  # comment".to_owned()),
        Just(String::new()),
        Just("    ".to_owned()),
        "execute=[a-z# \"“]{0,9}",
        "checkinterval=[1-9][0-9 a-z#]{0,9}",
        "callback=\"[a-z# “”'\u{3000}]{0,9}\"[a-z #]{0,5}",
    ];
    let block = prop_oneof![
        Just("real=10.0.0.1:80 gate 5 # c".to_owned()),
        Just("real=10.0.0.1->10.0.0.9 masq 5 \"a\", \"b\"".to_owned()),
        Just("quiescent=yes# c".to_owned()),
        Just("persistent=600 # c".to_owned()),
        Just("netmask=255.255.255.0".to_owned()),
        Just("# comment".to_owned()),
        "receive=\"[a-z “”'\u{3000}]{1,9}\"[a-z “”]{0,5}",
        "servicename=[a-z “”'\u{3000}]{0,9}",
        "checkcommand=/[a-z ']{1,9}",
    ];
    let block = (prop_oneof!["    ", "\t", " {4,9}", "  \t"], block).prop_map(|(indent, line)| indent + &line);
    let section = (
        prop_oneof![Just("virtual=10.0.0.1:80"), Just("virtual6=5 # c"), Just("virtual = 5")],
        prop::collection::vec(block, 1..6),
        prop::collection::vec(global.clone(), 0..4),
    )
        .prop_map(|(head, block, after)| {
            let mut lines = vec![head.to_owned()];
            lines.extend(block);
            lines.push(String::new());
            lines.extend(after);
            lines
        });
    (prop::collection::vec(global, 0..5), prop::collection::vec(section, 0..4)).prop_map(|(globals, sections)| {
        let mut lines = globals;
        lines.extend(sections.into_iter().flatten());
        lines.join("\n")
    })
}

#[test]
fn every_directive_has_a_class() {
    use crate::config::directives::{DIRECTIVES, Kind, Scope};
    for directive in DIRECTIVES.iter().filter(|directive| directive.kind != Kind::Gone) {
        let (global, block) = (value::class(directive.name, false), value::class(directive.name, true));
        assert_eq!(global.is_some(), directive.scope != Scope::Virtual, "{} among the globals", directive.name);
        assert_eq!(block.is_some(), directive.scope != Scope::Global, "{} in a block", directive.name);
        if directive.kind == Kind::YesNo {
            assert_eq!(global.or(block), Some(value::Class::Exact), "{}", directive.name);
        }
        if directive.kind == Kind::Quoted {
            assert_eq!(global.or(block), Some(value::Class::Quoted), "{}", directive.name);
        }
    }
}

proptest! {
    #[test]
    fn a_file_that_loads_stays_as_it_is(text in strict_file()) {
        let (mended, mendings) = mend(text.as_bytes());
        prop_assert_eq!(mended, text);
        prop_assert_eq!(mendings, vec![]);
    }

    #[test]
    fn mending_twice_is_mending_once(lines in prop::collection::vec(
        "[ \t\u{3000}\u{a0}]{0,5}(virtual=|real=|fallback=|quiescent=|logfile=|receive=|supervised|checkcommand=|ops=|comment=|x=|autoreload)[ =a-z\u{a0}0-9.:\"“”'#\r\u{3000}]{0,12}", 0..12,
    )) {
        let (once, _) = mend(lines.join("\n").as_bytes());
        let (twice, mendings) = mend(once.as_bytes());
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(mendings, vec![]);
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (once, _) = mend(&bytes);
        prop_assert_eq!(mend(once.as_bytes()).0, once);
    }
}
