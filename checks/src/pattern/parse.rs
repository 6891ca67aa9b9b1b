//! Reads Perl's syntax (as of 5.36) into a tree: branches, quantifiers and what may stand in their place. Groups, escapes and
//! classes have files of their own.

use super::PatternError;
use super::cursor::{Cursor, error};
use super::set::ByteSet;
use super::tree::{Greed, Node, Place};

/// Groups within groups; more is surely a mistake, and would cost stack.
const DEEPEST: usize = 60;
/// Perl's own limit of a count in braces.
const MOST_REPEATS: u32 = 65_534;
/// A pattern longer than this is surely a mistake.
const LONGEST: usize = 64 * 1024;

/// The inline flags that change how what follows is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flags {
    /// `i`: letters in either case.
    pub(super) fold: bool,
    /// `m`: `^` and `$` at every line.
    pub(super) lines: bool,
    /// `s`: `.` takes a newline.
    pub(super) dot_newline: bool,
    /// `x`: blanks and comments do not count.
    pub(super) extended: bool,
    /// `xx`: nor do blanks in classes.
    pub(super) extended_classes: bool,
    /// `n`: only named groups are remembered.
    pub(super) no_capture: bool,
}

/// What the reader knows while it goes.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    pub(super) cursor: Cursor<'a>,
    pub(super) flags: Flags,
    /// Remembered groups opened so far.
    pub(super) groups: usize,
    /// Names and numbers of the named ones.
    pub(super) names: Vec<(&'a [u8], usize)>,
    /// Every group referred to, with the place of the reference.
    pub(super) references: Vec<(usize, usize)>,
    /// References by name, numbered when all names are known.
    pub(super) named_references: Vec<(&'a [u8], usize)>,
    /// Where the first look-behind begins: what the engine may dislike.
    pub(super) first_behind: Option<usize>,
    pub(super) depth: usize,
    pub(super) look_depth: usize,
}

/// A group that was referred to by name: its number is this plus the reference's index until all names are known.
pub(super) const NAMED: usize = 1 << 32;

/// Reads a whole pattern.
pub(super) fn parse(source: &str) -> Result<(Node, Parser<'_>), PatternError> {
    if source.len() > LONGEST {
        return error(LONGEST, format!("the pattern is longer than {LONGEST} bytes"));
    }
    let mut parser = Parser {
        cursor: Cursor::new(source.as_bytes()),
        flags: Flags::default(),
        groups: 0,
        names: Vec::new(),
        references: Vec::new(),
        named_references: Vec::new(),
        first_behind: None,
        depth: 0,
        look_depth: 0,
    };
    let mut node = parser.alternation()?;
    if parser.cursor.peek().is_some() {
        return error(parser.cursor.at, "this ')' closes nothing: write '\\)' for the character itself");
    }
    for (group, offset) in &parser.references {
        if *group > parser.groups || *group == 0 {
            return error(*offset, format!("there is no group {group} to refer to: the pattern has {}", parser.groups));
        }
    }
    let numbers = parser.numbers_of_names()?;
    resolve(&mut node, &numbers);
    parser.references.extend(numbers.into_iter().map(|number| (number, 0)));
    Ok((node, parser))
}

impl<'a> Parser<'a> {
    /// Branches up to `)` or the end.
    pub(super) fn alternation(&mut self) -> Result<Node, PatternError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return error(self.cursor.at, format!("groups are nested deeper than {DEEPEST}"));
        }
        let mut branches = vec![self.branch()?];
        while self.cursor.eat(b"|") {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        let first = if branches.len() == 1 { branches.pop() } else { None };
        Ok(first.unwrap_or(Node::Alternation(branches)))
    }

    fn branch(&mut self) -> Result<Node, PatternError> {
        let mut nodes = Vec::new();
        loop {
            self.skip_ignored()?;
            match self.cursor.peek() {
                None | Some(b'|' | b')') => break,
                Some(_) => {}
            }
            let place = self.cursor.at;
            // A count in braces that follows nothing is text, as Perl reads it.
            if self.cursor.peek() != Some(b'{') && self.quantifier()?.is_some() {
                return error(
                    place,
                    "a quantifier follows nothing: put a backslash before it to mean the character itself",
                );
            }
            // A group of flags is no construct of its own.
            let Some(atom) = self.atom(&mut nodes)? else { continue };
            nodes.push(self.repeated(atom)?);
        }
        let first = if nodes.len() == 1 { nodes.pop() } else { None };
        Ok(first.unwrap_or(if nodes.is_empty() { Node::Empty } else { Node::Concat(nodes) }))
    }

    /// Under `x` blanks and `#` comments; always `(?#…)`.
    pub(super) fn skip_ignored(&mut self) -> Result<(), PatternError> {
        loop {
            let begin = self.cursor.at;
            if self.flags.extended {
                self.cursor.take_while(|byte| ByteSet::space().contains(byte));
                if self.cursor.eat(b"#") {
                    self.cursor.take_while(|byte| byte != b'\n');
                }
            }
            if self.cursor.eat(b"(?#") && self.cursor.take_until(b')').is_none() {
                return error(begin, "this comment is not closed: a ')' is missing");
            }
            if self.cursor.at == begin {
                return Ok(());
            }
        }
    }

    /// An atom with the quantifier behind it, if any.
    fn repeated(&mut self, atom: Node) -> Result<Node, PatternError> {
        self.skip_ignored()?;
        let Some((least, most)) = self.quantifier()? else { return Ok(atom) };
        self.skip_ignored()?;
        let greed = if self.cursor.eat(b"?") {
            Greed::Lazy
        } else if self.cursor.eat(b"+") {
            Greed::Possessive
        } else {
            Greed::Greedy
        };
        self.skip_ignored()?;
        let place = self.cursor.at;
        if self.quantifier()?.is_some() {
            return error(place, "a quantifier follows a quantifier: put the first one's part into (?:…)");
        }
        // Perl reads {3,1} as something that is never found.
        if most.is_some_and(|most| most < least) {
            return Ok(Node::Set(ByteSet::EMPTY));
        }
        Ok(Node::Repeat { node: Box::new(atom), least, most, greed })
    }

    /// `*`, `+`, `?` or a count in braces. Braces that are no count are text, as Perl reads them.
    fn quantifier(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        match self.cursor.peek() {
            Some(b'*') => self.cursor.at += 1,
            Some(b'+') => {
                self.cursor.at += 1;
                return Ok(Some((1, None)));
            }
            Some(b'?') => {
                self.cursor.at += 1;
                return Ok(Some((0, Some(1))));
            }
            Some(b'{') => return self.count(),
            _ => return Ok(None),
        }
        Ok(Some((0, None)))
    }

    fn count(&mut self) -> Result<Option<(u32, Option<u32>)>, PatternError> {
        let place = self.cursor.at;
        let mut ahead = self.cursor;
        ahead.at += 1;
        let bound = |ahead: &mut Cursor<'a>| {
            ahead.blanks();
            let begin = ahead.at;
            let number = ahead.number(10, usize::MAX);
            let bound = if ahead.at == begin { None } else { Some(number.unwrap_or(u32::MAX)) };
            ahead.blanks();
            bound
        };
        let least = bound(&mut ahead);
        let comma = ahead.eat(b",");
        let most = if comma { bound(&mut ahead) } else { least };
        if !ahead.eat(b"}") || (least.is_none() && most.is_none()) {
            return Ok(None);
        }
        self.cursor = ahead;
        if least.max(most) > Some(MOST_REPEATS) {
            return error(place, format!("a count in braces may be {MOST_REPEATS} at most, as in Perl"));
        }
        Ok(Some((least.unwrap_or(0), most)))
    }

    /// One thing to find; what `\Q…\E` quotes goes into `before` but for its last byte. `None` for a group of flags.
    fn atom(&mut self, before: &mut Vec<Node>) -> Result<Option<Node>, PatternError> {
        let begin = self.cursor.at;
        let Some(byte) = self.cursor.next() else { return Ok(None) };
        Ok(Some(match byte {
            b'.' if self.flags.dot_newline => Node::Set(ByteSet::EMPTY.complement()),
            b'.' => Node::Set(ByteSet::one(b'\n').complement()),
            b'^' => Node::Place(if self.flags.lines { Place::StartOfLine } else { Place::StartOfText }),
            b'$' => Node::Place(if self.flags.lines { Place::EndOfLine } else { Place::EndOrFinalNewline }),
            b'(' => return self.group(begin),
            b'[' => Node::Set(self.class(begin)?),
            b'\\' if self.cursor.eat(b"Q") => {
                before.extend(self.quoted());
                return Ok(before.pop());
            }
            b'\\' if self.cursor.eat(b"E") => return Ok(None),
            b'\\' => self.escape(begin)?,
            byte => self.byte(byte),
        }))
    }

    /// The text up to `\E` or the end, as it stands.
    fn quoted(&mut self) -> Vec<Node> {
        let mut nodes = Vec::new();
        while !self.cursor.eat(b"\\E") {
            let Some(byte) = self.cursor.next() else { break };
            nodes.push(self.byte(byte));
        }
        nodes
    }

    /// A byte that stands for itself.
    pub(super) fn byte(&self, byte: u8) -> Node {
        let set = ByteSet::one(byte);
        Node::Set(if self.flags.fold { set.both_cases() } else { set })
    }

    fn numbers_of_names(&self) -> Result<Vec<usize>, PatternError> {
        let number = |(name, offset): &(&[u8], usize)| {
            let shown = String::from_utf8_lossy(name);
            let mut found = self.names.iter().filter(|(known, _)| known == name);
            match (found.next(), found.next()) {
                (Some((_, number)), None) => Ok(*number),
                (Some(_), Some(_)) => error(
                    *offset,
                    format!("more than one group is named '{shown}': refer to one by its number, \\g{{1}}"),
                ),
                (None, _) => error(*offset, format!("there is no group named '{shown}'")),
            }
        };
        self.named_references.iter().map(number).collect()
    }
}

/// Puts numbers in place of names.
fn resolve(node: &mut Node, numbers: &[usize]) {
    let fix = |group: &mut usize| {
        if let Some(number) = group.checked_sub(NAMED).and_then(|index| numbers.get(index)) {
            *group = *number;
        }
    };
    match node {
        Node::Reference { group, .. } => fix(group),
        Node::Condition { group, yes, no } => {
            fix(group);
            resolve(yes, numbers);
            resolve(no, numbers);
        }
        Node::Concat(nodes) | Node::Alternation(nodes) => nodes.iter_mut().for_each(|node| resolve(node, numbers)),
        Node::Capture(_, node) | Node::Atomic(node) | Node::Look { node, .. } | Node::Repeat { node, .. } => {
            resolve(node, numbers);
        }
        Node::Empty | Node::Set(_) | Node::Place(_) => {}
    }
}
