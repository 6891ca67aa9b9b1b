use super::*;
use crate::spec::{Dialogue, LineProtocol, Login, Security};
use proptest::prelude::*;

fn masker(password: &str) -> Masker {
    let login = Some(Login { name: "probe".to_owned(), password: Secret::new(password) });
    let (protocol, security) = (LineProtocol::Imap, Security::Plain);
    let dialogue = Dialogue { protocol, security, login, request: String::new(), receive: None };
    Masker::of(Spec::Dialogue(Box::new(dialogue)).secrets())
}

/// What is left, with `*` for what is masked.
fn over(password: &str, text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    let mask = masker(password).over(text, &[text.len()]);
    let left = text.iter().zip(mask).map(|(byte, hidden)| if hidden { b'*' } else { *byte }).collect();
    String::from_utf8(left).unwrap()
}

#[test]
fn every_form_is_found() {
    assert_eq!(over("hunter2", "PASS hunter2"), "PASS *******");
    assert_eq!(over("hunter2", "535 HUNTER2 is wrong"), "535 ******* is wrong");
    assert_eq!(over("s3\"cr\\et", r#"a "s3\"cr\\et" b"#), r#"a "**********" b"#);
    assert_eq!(over("hunter2", "68756E74657232"), "**************");
    assert_eq!(over("pass word/x", "?p=pass%20word%2Fx&"), "?p=***************&");
    for whole in ["\0probe\0hunter2", "hunter2", "probe:hunter2", "ahunter2bc"] {
        assert_eq!(over("hunter2", format!("<{}>", base64(whole.as_bytes()))).trim_matches('*'), {
            let stars = "*".repeat(base64(whole.as_bytes()).len());
            format!("<{stars}>")
        });
    }
}

#[test]
fn words_are_masked() {
    let replaced = |password, words: &str| String::from_utf8(masker(password).replace(words.as_bytes())).unwrap();
    assert_eq!(replaced("hunter2", "no hunter2, HUNTER2hunter2!"), "no ***, ***!");
    assert_eq!(replaced("a\"b\\", "LOGIN \"a\\\"b\\\\\" a\"b\\"), "LOGIN \"***\" ***");
    assert_eq!(replaced("", "all of it"), "all of it");
    assert_eq!(replaced("long password", "long passwor"), "long passwor");
}

#[test]
fn short_secrets_are_masked_where_they_stand_alone() {
    assert_eq!(over("ab", "PASS ab"), "PASS **");
    assert_eq!(over("ab", "about\0\x02ab"), "about\0\x02**");
    assert_eq!(over("e", "denied"), "denied");
    assert_eq!(over("", "as it is"), "as it is");
}

#[test]
fn half_a_secret_counts_where_bytes_are_missing() {
    assert_eq!(over("hunter2", "PASS hunt"), "PASS ****");
    let mask = masker("hunter2").over(b"hunter2 is what was hunter2 sent", &[0, 32]);
    assert_eq!(mask.iter().filter(|hidden| **hidden).count(), 14);
    let mask = masker("hunter2").over(b"x hunter2 y", &[5]);
    assert!(mask[5..9].iter().all(|hidden| *hidden));
}

#[test]
fn passwords_of_urls() {
    assert_eq!(over("", "Location: http://me:pw@host/a:b@c"), "Location: http://me:**@host/a:b@c");
    let http = of_url("http://me:hunter2@host/");
    assert_eq!(http.first().map(Secret::reveal), Some("hunter2"));
}

proptest! {
    #[test]
    fn no_form_is_left(
        password in "[ -~]{4,12}", before in "[a-z]{0,4}", behind in proptest::collection::vec(any::<u8>(), 0..8), cut: u8
    ) {
        let stream = [before.as_bytes(), b" ", password.as_bytes(), b" ", &behind].concat();
        let gaps = [usize::from(cut) % (stream.len() + 1), stream.len()];
        let mask = masker(&password).over(&stream, &gaps);
        let place = before.len() + 1;
        prop_assert!(mask[place..place + password.len()].iter().all(|hidden| *hidden));
        let encoded = base64(&stream[..place + password.len()]);
        prop_assert!(masker(&password).over(encoded.as_bytes(), &[]).iter().all(|hidden| *hidden), "{encoded}");
    }
}
