//! Finds a check's secrets in what was said, in the forms in which software writes and repeats them: a server may repeat what it
//! was told, and no password comes back out of its words into a reason or a trace.

use crate::bytes::base64;
use crate::{External, Mon, Secret, Spec};
use std::borrow::Borrow;

/// Shorter secrets occur by chance; masking those would tell them. They are masked where they stand by themselves.
const SHORT: usize = 4;
/// Where bytes are missing, this much of a secret is one.
const PART: usize = 3;
/// How much of a peer's words is looked at for a reason.
const BEGINNING: usize = 4096;

/// A form of a secret.
#[derive(Clone, PartialEq, Eq)]
struct Form {
    bytes: Vec<u8>,
    /// Letter case does not count: servers change it.
    any_case: bool,
    /// Only where no letter or digit stands on either side.
    alone: bool,
    /// In base64: the characters around it hold the rest of the secret's bits.
    encoded: bool,
}

/// Stands for a secret, whatever its length.
pub(crate) const MASK: &str = "***";

/// All forms of all secrets of a check.
pub(crate) struct Masker {
    forms: Vec<Form>,
}

impl Masker {
    /// Of these secrets.
    pub(crate) fn of<S: Borrow<Secret>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut forms = Vec::new();
        for secret in secrets {
            of(secret.borrow().reveal(), &mut forms);
        }
        Self { forms }
    }
    /// `proofs` as well, which are masked as they are.
    pub(crate) fn with_proofs(self, proofs: &[Vec<u8>]) -> Self {
        let Self { mut forms } = self;
        // What was sent by chance in one or two bytes proves nothing.
        for proof in proofs.iter().filter(|proof| proof.len() >= SHORT) {
            forms.push(Form { bytes: proof.clone(), any_case: false, alone: false, encoded: false });
        }
        Self { forms }
    }

    /// The beginning of `words` with a mask in the place of each secret: more than any reason takes of them.
    pub(crate) fn replace(&self, words: &[u8]) -> Vec<u8> {
        let head = words.get(..BEGINNING).unwrap_or(words);
        let cut = Some(head.len()).filter(|length| *length < words.len());
        let hidden = self.over(head, cut.as_slice());
        let mut masked = Vec::with_capacity(head.len());
        let mut before = false;
        for (byte, hidden) in head.iter().zip(hidden) {
            if !hidden {
                masked.push(*byte);
            } else if !before {
                masked.extend_from_slice(MASK.as_bytes());
            }
            before = hidden;
        }
        masked
    }

    /// Which bytes of `stream` are not to be shown. Behind each of `gaps` (offsets) bytes are missing.
    pub(crate) fn over(&self, stream: &[u8], gaps: &[usize]) -> Vec<bool> {
        let mut mask = vec![false; stream.len()];
        for form in &self.forms {
            for start in 0..stream.len() {
                if form.begins(stream, start) {
                    hide(&mut mask, form.extent(stream, start, start + form.bytes.len()));
                }
            }
            if form.alone {
                continue;
            }
            for gap in gaps {
                for length in PART.min(form.bytes.len())..form.bytes.len() {
                    let head = gap.checked_sub(length).filter(|start| form.has(stream, *start, 0, length));
                    if let Some(start) = head {
                        hide(&mut mask, form.extent(stream, start, *gap));
                    }
                    if form.has(stream, *gap, form.bytes.len() - length, length) {
                        hide(&mut mask, form.extent(stream, *gap, gap + length));
                    }
                }
            }
        }
        hide_in_urls(stream, &mut mask);
        mask
    }
}

impl Form {
    /// Whether `length` bytes from `from` on stand at `start`.
    fn has(&self, stream: &[u8], start: usize, from: usize, length: usize) -> bool {
        let (Some(there), Some(wanted)) = (stream.get(start..start + length), self.bytes.get(from..from + length))
        else {
            return false;
        };
        if self.any_case { there.eq_ignore_ascii_case(wanted) } else { there == wanted }
    }
    fn begins(&self, stream: &[u8], start: usize) -> bool {
        let end = start + self.bytes.len();
        let is_word =
            |place: Option<usize>| place.and_then(|place| stream.get(place)).is_some_and(u8::is_ascii_alphanumeric);
        self.has(stream, start, 0, self.bytes.len())
            && !(self.alone && (is_word(start.checked_sub(1)) || is_word(Some(end))))
    }
    /// What is hidden of a place: itself, or the whole word of base64.
    fn extent(&self, stream: &[u8], start: usize, end: usize) -> std::ops::Range<usize> {
        if !self.encoded {
            return start..end;
        }
        let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
        let before = stream.get(..start).unwrap_or_default().iter().rev().take_while(|byte| digit(byte)).count();
        let behind = stream.get(end..).unwrap_or_default().iter().take_while(|byte| digit(byte)).count();
        start - before..end + behind
    }
}

fn hide(mask: &mut [bool], range: std::ops::Range<usize>) {
    if let Some(place) = mask.get_mut(range) {
        place.fill(true);
    }
}

/// The forms of one secret.
fn of(secret: &str, forms: &mut Vec<Form>) {
    if secret.is_empty() {
        return;
    }
    let alone = secret.len() < SHORT;
    let mut add = |bytes: Vec<u8>, any_case, encoded| {
        let form = Form { bytes, any_case, alone, encoded };
        if !form.bytes.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    };
    let bytes = secret.as_bytes();
    add(bytes.to_vec(), true, false);
    // As IMAP, JSON and shells quote it.
    add(secret.replace('\\', "\\\\").replace('"', "\\\"").into_bytes(), true, false);
    add(bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(), true, false);
    let percent = |byte: &u8| match byte {
        byte if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    };
    add(bytes.iter().flat_map(percent).collect(), true, false);
    if alone {
        add(base64(bytes).into_bytes(), false, false);
        return;
    }
    // Anything may stand before it (NUL user NUL password), so it may begin at any of three places in a group of base64. Only
    // characters that hold nothing but its own bits are the same every time.
    for before in 0..3 {
        let text = base64(&[vec![0; before], bytes.to_vec()].concat());
        let (first, last) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
        let own = text.get(first..last).unwrap_or_default().to_owned();
        add(own.replace('+', "-").replace('/', "_").into_bytes(), false, true);
        add(own.into_bytes(), false, true);
    }
}

/// Passwords in URLs, `scheme://user:password@host`, whoever they belong to.
fn hide_in_urls(stream: &[u8], mask: &mut [bool]) {
    for scheme in memchr::memmem::find_iter(stream, b"://") {
        let begin = scheme + 3;
        let rest = stream.get(begin..).unwrap_or_default();
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'<>".contains(byte);
        let authority = rest.split(ends).next().unwrap_or_default();
        let at = authority.iter().rposition(|byte| *byte == b'@');
        let colon = authority.iter().position(|byte| *byte == b':');
        if let (Some(at), Some(colon)) = (at, colon)
            && colon < at
        {
            hide(mask, begin + colon + 1..begin + at);
        }
    }
}

impl Spec {
    /// Everything in it that may never be shown.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Dialogue(dialogue) => dialogue.login.iter().map(|login| login.password.clone()).collect(),
            Self::Ldap(ldap) => vec![ldap.password.clone()],
            Self::Radius(radius) => vec![radius.password.clone(), radius.secret.clone()],
            Self::Sql(sql) => vec![sql.password.clone()],
            Self::Mqtt(mqtt) => vec![mqtt.password.clone()],
            Self::Http(http) => of_url(&http.request),
            Self::External(External { command, .. }) | Self::Mon(Mon { command }) => {
                command.iter().flat_map(|word| of_url(word)).collect()
            }
            Self::Connect
            | Self::Ping { .. }
            | Self::Reach { .. }
            | Self::Sip(_)
            | Self::SimpleTcp(_)
            | Self::Dns(_)
            | Self::Oracle(_)
            | Self::Ntp(_)
            | Self::Tftp(_)
            | Self::Grpc(_) => Vec::new(),
        }
    }
    /// Whether what it says is no text.
    pub(crate) fn is_binary(&self) -> bool {
        match self {
            Self::Ping { .. }
            | Self::Reach { .. }
            | Self::Dns(_)
            | Self::Ldap(_)
            | Self::Radius(_)
            | Self::Sql(_)
            | Self::Oracle(_)
            | Self::Ntp(_)
            | Self::Tftp(_)
            | Self::Mqtt(_) => true,
            Self::Connect
            | Self::Http(_)
            | Self::Sip(_)
            | Self::SimpleTcp(_)
            | Self::Dialogue(_)
            | Self::External(_)
            | Self::Mon(_)
            | Self::Grpc(_) => false,
        }
    }
}

/// The password of a URL, which a peer may repeat.
fn of_url(text: &str) -> Vec<Secret> {
    let mut found = Vec::new();
    for (begin, _) in text.match_indices("://") {
        let rest = text.get(begin + 3..).unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        if let Some((_, password)) = user.and_then(|user| user.split_once(':')) {
            found.push(Secret::new(password));
        }
    }
    found
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
