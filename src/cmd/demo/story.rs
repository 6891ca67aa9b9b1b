//! The chapters: what changes, and what the table must then show.

use super::servers::{Behaviour, Server};

/// Who plays.
pub(super) struct Stage<'a> {
    /// The three web servers.
    pub(super) web: &'a [Server],
    /// The SIP server.
    pub(super) sip: &'a Server,
    /// The fallback's port.
    pub(super) sorry: u16,
}

/// One thing that happens.
pub(super) struct Chapter<'a> {
    /// What the spectator reads.
    pub(super) title: &'static str,
    /// Servers that change.
    pub(super) changes: Vec<(&'a Server, Behaviour)>,
    /// Whether the table shows it.
    pub(super) expected: fn(&Stage<'_>, &str) -> bool,
}

/// The whole story, in order.
pub(super) fn chapters<'a>(stage: &Stage<'a>) -> Vec<Chapter<'a>> {
    use Behaviour::{Right, Stopped, Wrong};
    let web = |number: usize, behaviour| stage.web.get(number).map(|server| (server, behaviour));
    let chapter = |title, changes: Vec<Option<(&'a Server, Behaviour)>>, expected| Chapter {
        title,
        changes: changes.into_iter().flatten().collect(),
        expected,
    };
    vec![
        chapter(
            "every server is checked before it gets any weight; all pass",
            vec![web(0, Right), web(1, Right), web(2, Right), Some((stage.sip, Right))],
            |stage, table| reals(stage, table) == [Some(10), Some(10), Some(5)] && sip(stage, table) == Some(1),
        ),
        chapter("the first web server dies: it is taken out", vec![web(0, Stopped)], |stage, table| {
            reals(stage, table) == [None, Some(10), Some(5)]
        }),
        chapter(
            "the other two answer, but with a wrong page: the fallback steps in",
            vec![web(1, Wrong), web(2, Wrong)],
            |stage, table| reals(stage, table) == [None; 3] && weight(table, stage.sorry) == Some(1),
        ),
        chapter(
            "the SIP server answers 503: weight 0, its clients keep their calls (quiescent=yes)",
            vec![Some((stage.sip, Wrong))],
            |stage, table| sip(stage, table) == Some(0),
        ),
        chapter(
            "all of them come back: the fallback leaves",
            vec![web(0, Right), web(1, Right), web(2, Right), Some((stage.sip, Right))],
            |stage, table| {
                reals(stage, table) == [Some(10), Some(10), Some(5)]
                    && weight(table, stage.sorry).is_none()
                    && sip(stage, table) == Some(1)
            },
        ),
    ]
}

fn reals(stage: &Stage<'_>, table: &str) -> [Option<u32>; 3] {
    let mut weights = [None; 3];
    for (slot, server) in weights.iter_mut().zip(stage.web) {
        *slot = weight(table, server.port());
    }
    weights
}

fn sip(stage: &Stage<'_>, table: &str) -> Option<u32> {
    weight(table, stage.sip.port())
}

/// The weight of the destination with this port in a listing like `ipvsadm -L -n`; nothing where it is absent.
fn weight(table: &str, port: u16) -> Option<u32> {
    let ending = format!(":{port}");
    table.lines().find_map(|line| {
        let mut words = line.trim().strip_prefix("->")?.split_whitespace();
        words.next().filter(|address| address.ends_with(&ending))?;
        words.nth(1)?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::weight;

    #[test]
    fn weights_are_read_from_a_listing() {
        let table = "TCP  127.0.0.100:80 wrr\n  -> 127.0.0.1:18081              Masq    10     0          0         \n";
        assert_eq!(weight(table, 18081), Some(10));
        assert_eq!(weight(table, 8081), None, "a port that only ends alike is another");
        assert_eq!(weight(table, 80), None);
    }
}
