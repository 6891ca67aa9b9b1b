//! Tests of the director as a whole: a small world of a configuration, a table and real servers, with its own time.

mod cycle;
mod differences;
mod hands;
mod maintenance;
mod properties;
mod reloads;
mod schedules;
mod world;
