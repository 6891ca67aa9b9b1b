//! placeholder until the branch is merged
#![allow(clippy::disallowed_methods, reason = "the machine is asked here")]
use crate::config::{Answers, Question};
use crate::ipvs::Family;
use std::net::{IpAddr, ToSocketAddrs};
pub struct Table;
pub fn answer(_questions: &[Question]) -> Table { Table }
impl Answers for Table {
    fn host(&self, name: &str, family: Option<Family>) -> Option<IpAddr> {
        (name, 0).to_socket_addrs().ok()?.map(|a| a.ip()).find(|ip| family.is_none_or(|f| f == Family::of(ip)))
    }
    fn port(&self, name: &str, _protocol: Option<&str>) -> Option<u16> { match name { "http" => Some(80), "sip" => Some(5060), _ => None } }
    fn file(&self, path: &str) -> bool { std::path::Path::new(path).is_file() }
    fn directory(&self, path: &str) -> bool { std::path::Path::new(path).is_dir() }
    fn appendable(&self, _path: &str) -> Result<(), String> { Ok(()) }
    fn readable(&self, _path: &str) -> Result<(), String> { Ok(()) }
}
