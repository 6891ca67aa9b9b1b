//! The verbs, one file each.

pub mod call;
pub mod reload;
pub mod start;
pub mod status;
pub mod stop;
pub mod table;
pub mod table_text;
