//! What is said between this program and a Perl worker: frames of four bytes of length, and fields with a NUL between them.

use crate::programs::{LastLine, Sink};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The longest frame that a worker sends: the end of a script's output and some words.
const LONGEST: usize = 16 * 1024;

/// An answer of a worker.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// The script is compiled.
    Ready,
    /// It does not compile: why.
    Broken(String),
    /// A run could not be started: why.
    Failed(u64, String),
    /// A run ended: how, and the last line that it said.
    Ended(u64, ExitStatus, String),
}

/// A request as it is sent.
pub(super) fn frame<'a>(fields: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut frame = vec![0; 4];
    for (number, field) in fields.into_iter().enumerate() {
        if number > 0 {
            frame.push(0);
        }
        // An argument of a program has no NUL either.
        frame.extend(field.bytes().filter(|byte| *byte != 0));
    }
    let length = u32::try_from(frame.len() - 4).unwrap_or(u32::MAX);
    frame.splice(..4, length.to_be_bytes());
    frame
}

/// Takes the first whole answer out of what was received; an error where that is none.
pub(super) fn next(received: &mut Vec<u8>) -> Result<Option<Answer>, ()> {
    let Some((header, rest)) = received.split_first_chunk::<4>() else { return Ok(None) };
    let length = usize::try_from(u32::from_be_bytes(*header)).map_err(|_| ())?;
    if length > LONGEST {
        return Err(());
    }
    let Some(frame) = rest.get(..length) else { return Ok(None) };
    let answer = parse(frame).ok_or(())?;
    received.drain(..4 + length);
    Ok(Some(answer))
}

fn parse(frame: &[u8]) -> Option<Answer> {
    let mut fields = frame.splitn(4, |byte| *byte == 0);
    let what = fields.next()?;
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse::<u64>().ok();
    Some(match what {
        b"ready" => Answer::Ready,
        b"broken" => Answer::Broken(first_line(fields.next()?)),
        b"failed" => Answer::Failed(number()?, first_line(fields.next()?)),
        b"ended" => {
            let call = number()?;
            let status = ExitStatus::from_raw(i32::try_from(number()?).ok()?);
            let mut last = LastLine::default();
            last.add(fields.next().unwrap_or_default());
            Answer::Ended(call, status, last.words())
        }
        _ => return None,
    })
}

/// Perl says first what is wrong, then what follows from it.
fn first_line(text: &[u8]) -> String {
    let line = text.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    crate::line::short(line.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(fields: &[&str]) -> Vec<u8> {
        frame(fields.iter().copied())
    }

    #[test]
    fn answers_come_in_pieces_and_several_at_once() {
        assert_eq!(answer(&["run", "7", "a\0b"]), b"\0\0\0\x08run\x007\0ab");
        let mut received = [answer(&["ready"]), answer(&["broken", "\nno such\nfile"])].concat();
        received.extend([0, 0, 0]);
        assert_eq!(next(&mut received), Ok(Some(Answer::Ready)));
        assert_eq!(next(&mut received), Ok(Some(Answer::Broken("no such".to_owned()))));
        assert_eq!(next(&mut received), Ok(None));
        // The fields are joined by hand: the last one may hold anything.
        received.extend(b"\x12ended\x003\x00768\0a\n\0b\n\n");
        let Ok(Some(Answer::Ended(3, status, words))) = next(&mut received) else { panic!("{received:?}") };
        assert_eq!((status.code(), received.len()), (Some(3), 0));
        assert!(words.ends_with('b'), "{words:?}");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for wrong in [&b"\xff\0\0\0"[..], b"\0\0\0\x03abc", b"\0\0\0\x08ended\0x\0", b"\0\0\0\x06failed"] {
            assert_eq!(next(&mut wrong.to_vec()), Err(()), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut received = bytes;
            while let Ok(Some(_)) = next(&mut received) {}
        }
    }
}
