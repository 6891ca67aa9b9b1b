//! What is asked of programs.

/// A program that decides by its exit code.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct External {
    /// How it is run.
    pub kind: ExternalKind,
    /// Program and its own arguments, already split; never empty. No shell is involved.
    pub command: Vec<String>,
    /// Appended: virtual address (IPv6 in brackets) or mark, virtual port (0 for a mark), real address, real port.
    pub arguments: [String; 4],
}

/// How an external check is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExternalKind {
    /// Executed, one process a check.
    Program,
    /// A Perl script, run by `perl`.
    Perl,
}

/// Where mon looks for its monitors, in this order.
pub const MONITORS: [&str; 2] = ["/usr/local/lib/mon/mon.d", "/usr/lib/mon/mon.d"];

/// A monitor of mon: `COMMAND… HOST…`; exit code 0 says that all hosts are up, else the first line of output names those that
/// are not. Equal ones that begin at the same time are one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mon {
    /// Program and its own arguments, already split, never empty; a program without a slash is one of mon's directories. Where
    /// the last word is `;;` no hosts are appended, and the exit code speaks of all.
    pub command: Vec<String>,
}
