//! Where a hop goes and what its request says: the check's own request, an absolute URL, the place a redirect names.

use super::USER_AGENT;
use crate::net::excerpt;
use crate::spec::{Http, Method, Redirect};
use crate::{Reason, Secret, Target};
use std::net::IpAddr;
use url::Url;

/// One request to one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    /// https
    pub(super) secure: bool,
    /// The URL's host; an IPv6 address without brackets.
    host: String,
    pub(super) port: u16,
    /// Asked whatever the host is called; unset: the host is resolved.
    pub(super) pinned: Option<Target>,
    /// The Host header.
    pub(super) authority: String,
    /// The name in SNI and in the certificate; unset: none, the address counts.
    pub(super) name: Option<String>,
    /// Path and query, percent-encoded, or the absolute URL where a proxy is asked for it.
    pub(super) request_target: String,
}

/// What a redirect comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is followed.
    Hop(Box<Hop>),
    /// It is not, with the words why.
    Leaves(String),
}

impl Hop {
    /// The first hop of a check. Errors are about the configuration.
    pub(super) fn first(http: &Http, target: Target) -> Result<Self, Reason> {
        let request = http.request.trim_start_matches('/');
        if let Some(host) =
            http.host.as_deref().filter(|host| host.contains(|c: char| c.is_whitespace() || c.is_control()))
        {
            return Err(Reason::Local(format!("{:?} cannot be a host name", excerpt(host.as_bytes(), 60))));
        }
        let tls_name = http.tls.as_ref().and_then(|tls| tls.name.clone());
        let name = tls_name.or_else(|| http.host.as_deref().and_then(name_of));
        if http.proxy {
            let hop = Self::from_url(request).ok_or_else(|| {
                let shown = excerpt(http.request.as_bytes(), 60);
                Reason::Local(format!(
                    "http_proxy needs an absolute URL as request, such as \"http://www.example.com/\"; it is {shown:?}"
                ))
            })?;
            let mut hop = hop.through(target);
            hop.name = name.or(hop.name);
            return Ok(hop);
        }
        if is_absolute(request) {
            let mut hop = Self::from_url(request).ok_or_else(|| {
                Reason::Local(format!("{:?} is not a URL: scheme://host[:port]/path", excerpt(request.as_bytes(), 60)))
            })?;
            if let Some(host) = &http.host {
                hop.authority.clone_from(host);
            }
            hop.name = name.or(hop.name);
            return Ok(hop);
        }
        let host = target.address.to_string();
        Ok(Self {
            secure: http.tls.is_some(),
            // Without a port, as ldirectord sends it.
            authority: http.host.clone().unwrap_or_else(|| bracketed(&host)),
            host,
            port: target.port,
            pinned: Some(target),
            name,
            request_target: encoded(&format!("/{request}")),
        })
    }

    /// What `scheme://[user@]host[:port][/path][?query]` names; the fragment is not part of a request.
    fn from_url(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end)?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
        let (host, port) = split_port(authority)?;
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return None;
        }
        let usual = if secure { 443 } else { 80 };
        let port = port.unwrap_or(usual);
        let shown = bracketed(host);
        Some(Self {
            secure,
            host: host.to_owned(),
            port,
            pinned: None,
            authority: if port == usual { shown } else { format!("{shown}:{port}") },
            name: name_of(host),
            request_target: encoded(&if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }),
        })
    }

    /// The hop as a proxy is asked for it: the whole URL, or the path within a tunnel to an https server.
    fn through(mut self, proxy: Target) -> Self {
        self.pinned = Some(proxy);
        if !self.secure {
            self.request_target = self.url();
        }
        self
    }

    /// Host and port, as a tunnel's end is named.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", bracketed(&self.host), self.port)
    }

    /// Where the answer's `location` leads from here.
    pub(super) fn next(&self, location: &str, http: &Http, target: Target) -> Next {
        let shown = excerpt(location.as_bytes(), 60);
        let Some(to) = Url::parse(&self.url()).ok().and_then(|base| base.join(location.trim()).ok()) else {
            return Next::Leaves(format!("{shown:?} is no URL"));
        };
        let Some(mut hop) = Self::from_url(to.as_str()) else {
            return Next::Leaves(format!("{shown:?} is neither http nor https"));
        };
        if http.proxy {
            return Next::Hop(Box::new(hop.through(target)));
        }
        let same_origin =
            hop.secure == self.secure && hop.port == self.port && hop.host.eq_ignore_ascii_case(&self.host);
        let same_real = same_origin || hop.secure == self.secure && hop.names(http, target);
        // On the same server the Host header and the pinned address stay; only the path is new.
        let stays = match http.redirect {
            Redirect::Same if !same_real => return Next::Leaves(format!("{shown} is not on this real server")),
            Redirect::Same => true,
            Redirect::Follow | Redirect::None => same_origin,
        };
        if stays {
            hop = Self { request_target: hop.request_target, ..self.clone() };
        }
        Next::Hop(Box::new(hop))
    }

    /// Whether this URL calls the checked real by the virtual host's name, on its own or the scheme's usual port.
    fn names(&self, http: &Http, target: Target) -> bool {
        let usual = if self.secure { 443 } else { 80 };
        let virtual_host = http.host.as_deref().and_then(split_port).map(|(host, _)| host);
        virtual_host.is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
            && (self.port == usual || self.port == target.port)
    }

    /// The URL as a person would write it; the host is the one connected to, not the virtual host.
    pub(super) fn url(&self) -> String {
        if !self.request_target.starts_with('/') {
            return self.request_target.clone();
        }
        let scheme = if self.secure { "https" } else { "http" };
        let port = match (self.secure, self.port) {
            (true, 443) | (false, 80) => String::new(),
            (_, port) => format!(":{port}"),
        };
        format!("{scheme}://{}{port}{}", bracketed(&self.host), self.request_target)
    }

    /// The host, to be resolved or shown.
    pub(super) fn host_text(&self) -> String {
        self.host.clone()
    }

    /// The host where it is an address.
    pub(super) fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// The bytes of the request (RFC 9112), with the bearer token where there is one (RFC 6750).
    pub(super) fn request(&self, http: &Http, token: Option<&Secret>) -> Vec<u8> {
        let method = match http.method {
            Method::Get => "GET",
            Method::Head => "HEAD",
        };
        let (target, host) = (&self.request_target, &self.authority);
        let mut text = format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {USER_AGENT}\r\nAccept: */*\r\nConnection: close\r\n"
        );
        if let Some(token) = token {
            text.push_str(&format!("Authorization: Bearer {}\r\n", token.reveal()));
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}

/// A request that is a URL of its own.
fn is_absolute(request: &str) -> bool {
    ["http://", "https://"]
        .iter()
        .any(|scheme| request.get(..scheme.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(scheme)))
}

/// `host`, `host:port`, `[v6]`, `[v6]:port`, or a bare IPv6 address.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return match port.strip_prefix(':') {
            Some(port) if !port.is_empty() => Some((host, Some(port.parse().ok()?))),
            _ => Some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((_, port)) if port.contains(':') => Some((authority, None)),
        Some((host, "")) => Some((host, None)),
        Some((host, port)) => Some((host, Some(port.parse().ok()?))),
        None => Some((authority, None)),
    }
}

/// The name without a port, where it is a name and not an address.
fn name_of(host: &str) -> Option<String> {
    let (host, _) = split_port(host)?;
    (host.parse::<IpAddr>().is_err() && !host.is_empty()).then(|| host.to_owned())
}

/// An IPv6 address in brackets, everything else as it is.
fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.to_owned() }
}

/// Percent-encodes what may not stand in a request target (RFC 3986, section 2); what looks like an encoding is kept,
/// a fragment is cut off.
fn encoded(path: &str) -> String {
    let path = path.split('#').next().unwrap_or_default();
    let mut text = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%[]".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
