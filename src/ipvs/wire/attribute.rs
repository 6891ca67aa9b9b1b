//! Netlink attributes (type, length, value, padded to four bytes; `linux/netlink.h`): a writer that nests and a reader
//! that hands out checked values.

use super::WireError;
use netlink_packet_core::{NLA_ALIGNTO, NLA_F_NESTED, NlaBuffer, NlasIterator};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Appends attributes to a buffer.
pub struct Writer<'a>(&'a mut Vec<u8>);

impl<'a> Writer<'a> {
    /// A writer that appends to `buffer`, whose length is a multiple of four.
    pub fn new(buffer: &'a mut Vec<u8>) -> Self {
        Self(buffer)
    }
    /// Opaque bytes.
    pub fn bytes(&mut self, kind: u16, value: &[u8]) -> &mut Self {
        self.framed(kind, |buffer| buffer.extend_from_slice(value))
    }
    /// One byte.
    pub fn u8(&mut self, kind: u16, value: u8) -> &mut Self {
        self.bytes(kind, &[value])
    }
    /// The machine's byte order.
    pub fn u16(&mut self, kind: u16, value: u16) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }
    /// Network byte order, as ports are written.
    pub fn u16_network(&mut self, kind: u16, value: u16) -> &mut Self {
        self.bytes(kind, &value.to_be_bytes())
    }
    /// The machine's byte order.
    pub fn u32(&mut self, kind: u16, value: u32) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }
    /// The machine's byte order.
    pub fn u64(&mut self, kind: u16, value: u64) -> &mut Self {
        self.bytes(kind, &value.to_ne_bytes())
    }
    /// A string with its final NUL.
    pub fn text(&mut self, kind: u16, value: &str) -> &mut Self {
        self.framed(kind, |buffer| {
            buffer.extend_from_slice(value.as_bytes());
            buffer.push(0);
        })
    }
    /// An address in the kernel's union of 16 bytes: IPv4 in the first four, the rest zero.
    pub fn address(&mut self, kind: u16, address: &IpAddr) -> &mut Self {
        let mut union = [0_u8; 16];
        match address {
            IpAddr::V4(v4) => union.iter_mut().zip(v4.octets()).for_each(|(to, from)| *to = from),
            IpAddr::V6(v6) => union = v6.octets(),
        }
        self.bytes(kind, &union)
    }
    /// Attributes within an attribute.
    pub fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Writer<'_>)) -> &mut Self {
        self.framed(kind | NLA_F_NESTED, |buffer| fill(&mut Writer(buffer)))
    }

    fn framed(&mut self, kind: u16, fill: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let start = self.0.len();
        self.0.extend_from_slice(&[0, 0]);
        self.0.extend_from_slice(&kind.to_ne_bytes());
        fill(self.0);
        let length = u16::try_from(self.0.len() - start).unwrap_or(u16::MAX);
        for (to, from) in self.0.iter_mut().skip(start).zip(length.to_ne_bytes()) {
            *to = from;
        }
        self.0.resize(self.0.len().next_multiple_of(NLA_ALIGNTO), 0);
        self
    }
}

/// Reads the attributes of a byte slice in order; after bytes that are no attribute: one error, then the end.
pub struct Attributes<'a>(NlasIterator<&'a [u8]>);

impl<'a> Attributes<'a> {
    /// The attributes in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(NlasIterator::new(bytes))
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        let attribute: NlaBuffer<&'a [u8]> = match self.0.next()? {
            Ok(attribute) => attribute,
            Err(error) => return Some(Err(error.into())),
        };
        let end = usize::from(attribute.length());
        let value = attribute.into_inner().get(NLA_ALIGNTO..end).unwrap_or_default();
        Some(Ok(Attribute { kind: attribute.kind(), value }))
    }
}

/// One attribute: its type without the flag bits, and its value.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a> {
    /// Type.
    pub kind: u16,
    /// Value without padding.
    pub value: &'a [u8],
}

impl<'a> Attribute<'a> {
    /// Exactly `N` bytes.
    pub fn array<const N: usize>(&self) -> Result<[u8; N], WireError> {
        self.value
            .try_into()
            .map_err(|_| WireError(format!("attribute {} has {} bytes, expected {N}", self.kind, self.value.len())))
    }
    /// One byte.
    pub fn u8(&self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }
    /// The machine's byte order.
    pub fn u16(&self) -> Result<u16, WireError> {
        self.array().map(u16::from_ne_bytes)
    }
    /// Network byte order.
    pub fn u16_network(&self) -> Result<u16, WireError> {
        self.array().map(u16::from_be_bytes)
    }
    /// The machine's byte order.
    pub fn u32(&self) -> Result<u32, WireError> {
        self.array().map(u32::from_ne_bytes)
    }
    /// The machine's byte order.
    pub fn u64(&self) -> Result<u64, WireError> {
        self.array().map(u64::from_ne_bytes)
    }
    /// A string up to its NUL or the end.
    pub fn text(&self) -> Result<&'a str, WireError> {
        let bytes = self.value.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(bytes).map_err(|_| WireError(format!("attribute {} is no text", self.kind)))
    }
    /// An IPv4 address in the first four bytes.
    pub fn v4(&self) -> Result<Ipv4Addr, WireError> {
        match self.value.first_chunk::<4>() {
            Some(octets) => Ok(Ipv4Addr::from(*octets)),
            None => Err(WireError(format!("attribute {} is too short for an address", self.kind))),
        }
    }
    /// An IPv6 address.
    pub fn v6(&self) -> Result<Ipv6Addr, WireError> {
        self.array::<16>().map(Ipv6Addr::from)
    }
    /// The attributes within.
    pub fn nested(&self) -> Attributes<'a> {
        Attributes::new(self.value)
    }
}
