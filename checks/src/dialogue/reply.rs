//! Replies with a three-digit code, on one line or several, as in SMTP (RFC 5321, 4.2), FTP (RFC 959, 4.2) and NNTP (RFC
//! 3977, 3.2).

use super::talk::Talk;
use crate::Failure;

/// What the lines of one reply look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    /// The protocol, for a reason.
    pub(super) protocol: &'static str,
    /// Between `230-` and `230 ` any line may stand (FTP).
    pub(super) loose: bool,
}

/// One whole reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// All its lines with their codes, newlines between.
    pub(super) text: Vec<u8>,
}

impl Reply {
    /// 2xx
    pub(super) fn is_success(&self) -> bool {
        matches!(self.code, 200..=299)
    }
}

impl Talk<'_> {
    /// Waits for a reply.
    pub(super) async fn reply(&mut self, form: Form) -> Result<Reply, Failure> {
        let mut text = self.line().await?;
        let Some((code, mut more)) = parse(&text) else { return Err(self.nonsense(form.protocol, &text)) };
        while more {
            let line = self.line().await?;
            match parse(&line) {
                Some((same, hyphen)) if same == code => more = hyphen,
                _ if form.loose => {}
                _ => return Err(self.nonsense(form.protocol, &line)),
            }
            text.push(b'\n');
            text.extend_from_slice(&line);
        }
        Ok(Reply { code, text })
    }
    /// Sends a command and waits for the reply.
    pub(super) async fn ask(&mut self, command: &str, form: Form) -> Result<Reply, Failure> {
        self.send(command).await?;
        self.reply(form).await
    }
    /// A reply whose code is `wanted`, or the failure that `what` was refused.
    pub(super) fn accepted(&self, reply: Reply, wanted: fn(u16) -> bool, what: &'static str) -> Result<Reply, Failure> {
        if wanted(reply.code) { Ok(reply) } else { Err(self.rejected(what, &reply.text)) }
    }
}

/// The code at the beginning of a line, and whether a hyphen says that more lines follow.
fn parse(line: &[u8]) -> Option<(u16, bool)> {
    let (code, rest) = line.split_at_checked(3)?;
    if !code.first().is_some_and(|digit| (b'1'..=b'5').contains(digit)) || !code.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = code.iter().fold(0, |number: u16, digit| number * 10 + u16::from(digit - b'0'));
    match rest.first() {
        None | Some(b' ') => Some((number, false)),
        Some(b'-') => Some((number, true)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn codes() {
        for (line, expected) in [
            (&b"220 ready"[..], Some((220, false))),
            (b"220", Some((220, false))),
            (b"250-SIZE", Some((250, true))),
            (b"22", None),
            (b"", None),
            (b"2200 no", None),
            (b"020 no", None),
            (b"600 no", None),
            (b"2x0 no", None),
            (b"\xff\xff\xff ", None),
        ] {
            assert_eq!(parse(line), expected, "{line:?}");
        }
    }
}
