//! Writes a tree in the engine's syntax, using only what the engine and Perl read alike: bytes as `\xHH`, explicit sets, plain
//! groups. Groups nobody refers to are not remembered, so that most patterns run on the linear engine below fancy-regex.

use super::set::ByteSet;
use super::tree::{Greed, Node, Place};
use std::fmt::Write;

/// The engine's pattern. `referred`: the groups that are referred to, ascending and without repeats.
pub(super) fn emit(node: &Node, referred: &[usize]) -> String {
    let mut writer = Writer { out: String::new(), referred };
    writer.node(node, true);
    writer.out
}

struct Writer<'a> {
    out: String,
    referred: &'a [usize],
}

impl Writer<'_> {
    /// `last`: nothing follows that must match behind it, so it may take a final newline instead of looking ahead at it.
    fn node(&mut self, node: &Node, last: bool) {
        match node {
            Node::Empty => {}
            Node::Set(set) => self.set(*set),
            Node::Concat(nodes) => self.sequence(nodes, last),
            Node::Alternation(branches) => {
                self.out.push_str("(?:");
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        self.out.push('|');
                    }
                    self.node(branch, last);
                }
                self.out.push(')');
            }
            Node::Capture(number, node) => {
                self.group(if self.number(*number).is_some() { "(" } else { "(?:" }, node, last);
            }
            Node::Atomic(node) => self.group("(?>", node, last),
            Node::Look { behind: true, negative, node } => self.behind(*negative, node),
            Node::Look { negative, node, .. } => {
                self.group(if *negative { "(?!" } else { "(?=" }, node, true);
            }
            Node::Repeat { node, least, most, greed } => self.repeat(node, *least, *most, *greed),
            Node::Reference { group, fold } => {
                let number = self.number(*group).unwrap_or_default();
                let opening = if *fold { "(?i:" } else { "(?:" };
                let _ = write!(self.out, "{opening}\\{number})");
            }
            Node::Condition { group, yes, no } => {
                let number = self.number(*group).unwrap_or_default();
                let begin = self.out.len();
                let _ = write!(self.out, "(?({number})");
                self.group("(?:", yes, last);
                self.out.push('|');
                self.group("(?:", no, last);
                self.out.push(')');
                // With nothing to choose between, the engine would take it for "the group must be set".
                if self.out.ends_with(")(?:)|(?:))") {
                    self.out.truncate(begin);
                }
            }
            Node::Place(place) => self.place(*place, last, None),
        }
    }

    fn group(&mut self, opening: &str, node: &Node, last: bool) {
        self.out.push_str(opening);
        self.node(node, last);
        self.out.push(')');
    }

    /// A look-behind for each branch: the engine's own answer for branches of different lengths is not always Perl's.
    fn behind(&mut self, negative: bool, node: &Node) {
        let branches =
            if let Node::Alternation(branches) = node { branches.as_slice() } else { std::slice::from_ref(node) };
        self.out.push_str("(?:");
        for (index, branch) in branches.iter().enumerate() {
            // None of them, or any of them.
            if index > 0 && !negative {
                self.out.push('|');
            }
            match (branch, negative) {
                (Node::Empty, true) => self.out.push_str("(?!)"),
                (Node::Empty, false) => {}
                (branch, true) => self.group("(?<!", branch, false),
                (branch, false) => self.group("(?<=", branch, false),
            }
        }
        self.out.push(')');
    }

    fn sequence(&mut self, nodes: &[Node], last: bool) {
        for (index, node) in nodes.iter().enumerate() {
            let is_last = last && index + 1 == nodes.len();
            match node {
                Node::Place(place) => self.place(*place, is_last, nodes.get(index + 1)),
                node => self.node(node, is_last),
            }
        }
    }

    fn place(&mut self, place: Place, last: bool, next: Option<&Node>) {
        self.out.push_str(match place {
            Place::StartOfText => r"\A",
            Place::EndOfText => r"\z",
            // Perl's `$`: the engine's own knows nothing of a final newline.
            Place::EndOrFinalNewline if last => r"(?:\x0A?\z)",
            Place::EndOrFinalNewline => r"(?=\x0A?\z)",
            // If a byte must follow, the end of the text is out of the question and the engine's own will do.
            Place::StartOfLine if next.is_some_and(|next| next.lengths().0 > 0) => "(?m:^)",
            Place::StartOfLine => r"(?:\A|(?<=\x0A)(?!\z))",
            Place::EndOfLine => "(?m:$)",
            Place::WordBoundary => r"\b",
            Place::NoWordBoundary => r"\B",
        });
    }

    fn repeat(&mut self, node: &Node, least: u32, most: Option<u32>, greed: Greed) {
        // Repeating what takes nothing adds nothing, and the engine refuses it; Perl takes it.
        if node.lengths().1 == Some(0) {
            if least > 0 {
                self.group("(?:", node, false);
            } else if self.is_referred_to(node) {
                self.node(&Node::Alternation(vec![node.clone(), Node::Empty]), false);
            }
            return;
        }
        if greed == Greed::Possessive {
            self.out.push_str("(?>");
        }
        match node {
            Node::Set(set) => self.set(*set),
            node => self.group("(?:", node, false),
        }
        match (least, most) {
            (0, None) => self.out.push('*'),
            (1, None) => self.out.push('+'),
            (0, Some(1)) => self.out.push('?'),
            (least, None) => {
                let _ = write!(self.out, "{{{least},}}");
            }
            (least, Some(most)) => {
                let _ = write!(self.out, "{{{least},{most}}}");
            }
        }
        match greed {
            Greed::Greedy => {}
            Greed::Lazy => self.out.push('?'),
            Greed::Possessive => self.out.push(')'),
        }
    }

    fn set(&mut self, set: ByteSet) {
        if let Some(byte) = set.single() {
            return self.byte(byte);
        }
        if set == ByteSet::EMPTY {
            return self.out.push_str("(?!)");
        }
        self.out.push('[');
        for (first, last) in set.ranges() {
            let _ = write!(self.out, "\\x{first:02X}");
            if first < last {
                let _ = write!(self.out, "-\\x{last:02X}");
            }
        }
        self.out.push(']');
    }

    fn byte(&mut self, byte: u8) {
        if byte.is_ascii_alphanumeric() {
            self.out.push(char::from(byte));
        } else {
            let _ = write!(self.out, "\\x{byte:02X}");
        }
    }

    /// Whether a group in it must stay because something refers to it.
    fn is_referred_to(&self, node: &Node) -> bool {
        match node {
            Node::Capture(number, inner) => self.number(*number).is_some() || self.is_referred_to(inner),
            Node::Concat(nodes) | Node::Alternation(nodes) => nodes.iter().any(|node| self.is_referred_to(node)),
            Node::Atomic(node) | Node::Look { node, .. } | Node::Repeat { node, .. } => self.is_referred_to(node),
            Node::Condition { yes, no, .. } => self.is_referred_to(yes) || self.is_referred_to(no),
            Node::Empty | Node::Set(_) | Node::Reference { .. } | Node::Place(_) => false,
        }
    }

    /// A group's number in the engine's pattern.
    fn number(&self, group: usize) -> Option<usize> {
        self.referred.binary_search(&group).ok().map(|index| index + 1)
    }
}
