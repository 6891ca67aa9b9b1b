//! What the spectator sees: one line a chapter, and the table each time that it changes.

use std::io::{IsTerminal, Write};
use std::time::Instant;

/// The screen; on a terminal the table is redrawn in place, elsewhere every change is printed.
pub(super) struct Screen {
    started: Instant,
    told: Vec<String>,
    last: String,
    terminal: bool,
    kernel: bool,
}

impl Screen {
    pub(super) fn new(kernel: bool) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self { started: Instant::now(), told: Vec::new(), last: String::new(), terminal, kernel }
    }

    /// A new line of the story.
    pub(super) fn say(&mut self, words: &str) {
        let line = format!("[{:4.1} s] {words}", self.started.elapsed().as_secs_f32());
        if !self.terminal {
            println!("{line}");
        }
        self.told.push(line);
        if self.terminal {
            self.draw();
        }
    }

    /// The table as it is now.
    pub(super) fn show(&mut self, table: &str) {
        if table != self.last {
            table.clone_into(&mut self.last);
            if self.terminal {
                self.draw();
            } else {
                println!("{}", self.last);
            }
        }
    }

    fn draw(&self) {
        let place = if self.kernel { "the kernel's table, in a namespace of its own" } else { "the table in memory" };
        let mut screen = String::from("\x1b[H\x1b[2J");
        for line in self.told.iter().rev().take(8).rev() {
            screen.push_str(line);
            screen.push('\n');
        }
        screen.push_str(&format!("\n{place}:\n{}", self.last));
        let mut out = std::io::stdout();
        // A terminal that went away ends the demo by its next read of the table.
        let _ = out.write_all(screen.as_bytes()).and_then(|()| out.flush());
    }
}
