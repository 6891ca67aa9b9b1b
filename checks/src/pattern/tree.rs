//! A parsed pattern: every flag already applied, every class a set of bytes, every reference a group's number.

use super::set::ByteSet;

/// One construct.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// Nothing, always found.
    Empty,
    /// One byte out of a set.
    Set(ByteSet),
    /// One after the other.
    Concat(Vec<Node>),
    /// The first branch that leads to a match.
    Alternation(Vec<Node>),
    /// A group that is remembered under its number.
    Capture(usize, Box<Node>),
    /// Repetition; `most` unset: without end.
    Repeat { node: Box<Node>, least: u32, most: Option<u32>, greed: Greed },
    /// `(?>…)`
    Atomic(Box<Node>),
    /// Look-around.
    Look { behind: bool, negative: bool, node: Box<Node> },
    /// What the group with this number matched.
    Reference { group: usize, fold: bool },
    /// `(?(1)yes|no)`
    Condition { group: usize, yes: Box<Node>, no: Box<Node> },
    /// A place.
    Place(Place),
}

/// How a repetition gives back what it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// An assertion about a position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// `\A`, `^`
    StartOfText,
    /// `\z`
    EndOfText,
    /// `\Z`, `$`: at the end or before a final newline.
    EndOrFinalNewline,
    /// `^` under `(?m)`: Perl's does not match after a newline that ends the text.
    StartOfLine,
    /// `$` under `(?m)`
    EndOfLine,
    /// `\b`
    WordBoundary,
    /// `\B`
    NoWordBoundary,
}

impl Node {
    /// Fewest and most bytes it takes; `None`: without end, or not known.
    pub(super) fn lengths(&self) -> (usize, Option<usize>) {
        match self {
            Self::Empty | Self::Look { .. } | Self::Place(_) => (0, Some(0)),
            Self::Set(_) => (1, Some(1)),
            Self::Concat(nodes) => nodes.iter().map(Self::lengths).fold((0, Some(0)), |sum, one| {
                (sum.0.saturating_add(one.0), sum.1.zip(one.1).map(|(a, b)| a.saturating_add(b)))
            }),
            Self::Alternation(nodes) => nodes.iter().map(Self::lengths).reduce(widest).unwrap_or((0, Some(0))),
            Self::Capture(_, node) | Self::Atomic(node) => node.lengths(),
            Self::Repeat { node, least, most, .. } => {
                let (shortest, longest) = node.lengths();
                let times = most.map(|most| most as usize);
                let longest = if longest == Some(0) {
                    Some(0)
                } else {
                    longest.zip(times).map(|(length, times)| length.saturating_mul(times))
                };
                (shortest.saturating_mul(*least as usize), longest)
            }
            Self::Reference { .. } => (0, None),
            Self::Condition { yes, no, .. } => widest(yes.lengths(), no.lengths()),
        }
    }

    /// The bytes it stands for if it is nothing but literal text.
    pub(super) fn literal(&self) -> Option<Vec<u8>> {
        match self {
            Self::Empty => Some(Vec::new()),
            Self::Set(set) => set.single().map(|byte| vec![byte]),
            Self::Concat(nodes) => {
                nodes.iter().map(|node| if let Self::Set(set) = node { set.single() } else { None }).collect()
            }
            _ => None,
        }
    }
}

fn widest(a: (usize, Option<usize>), b: (usize, Option<usize>)) -> (usize, Option<usize>) {
    (a.0.min(b.0), a.1.zip(b.1).map(|(a, b)| a.max(b)))
}
