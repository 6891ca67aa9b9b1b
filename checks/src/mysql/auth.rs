//! What MySQL and MariaDB want to see of a password.

use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};

/// How a server authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plugin {
    /// SHA-1 of the password and a scramble.
    Native,
    /// SHA-256 likewise, or the password itself over TLS.
    CachingSha2,
    /// The password itself, over TLS only.
    Sha256,
    /// The password itself, over TLS only.
    Clear,
}

impl Plugin {
    pub(super) fn from_name(name: &[u8]) -> Option<Self> {
        match name {
            b"mysql_native_password" => Some(Self::Native),
            b"caching_sha2_password" => Some(Self::CachingSha2),
            b"sha256_password" => Some(Self::Sha256),
            b"mysql_clear_password" => Some(Self::Clear),
            _ => None,
        }
    }
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Sha256 => "sha256_password",
            Self::Clear => "mysql_clear_password",
        }
    }
    /// The first answer. None: the password would travel in the clear.
    pub(super) fn answer(self, password: &str, scramble: &[u8], secure: bool) -> Option<Vec<u8>> {
        let password = password.as_bytes();
        match self {
            Self::Native | Self::CachingSha2 if password.is_empty() => Some(Vec::new()),
            Self::Native => {
                let sha1 = |parts: &[&[u8]]| digest(&SHA1_FOR_LEGACY_USE_ONLY, &parts.concat());
                let once = sha1(&[password]);
                let key = sha1(&[scramble, sha1(&[once.as_ref()]).as_ref()]);
                Some(masked(once.as_ref(), key.as_ref()))
            }
            Self::CachingSha2 => {
                let sha256 = |parts: &[&[u8]]| digest(&SHA256, &parts.concat());
                let once = sha256(&[password]);
                let key = sha256(&[sha256(&[once.as_ref()]).as_ref(), scramble]);
                Some(masked(once.as_ref(), key.as_ref()))
            }
            Self::Sha256 | Self::Clear => secure.then(|| clear(password)),
        }
    }
}

/// The password itself, as it goes over TLS.
pub(super) fn clear(password: &[u8]) -> Vec<u8> {
    [password, &[0]].concat()
}

fn masked(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    bytes.iter().zip(key).map(|(byte, key)| byte ^ key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's hashlib from the formulas in MySQL's "Connection Phase" documentation.
    #[test]
    fn answers_as_documented() {
        let scramble = b"abcdefghijklmnopqrst";
        let hex = |plugin: Plugin| {
            let answer = plugin.answer("secret", scramble, false).unwrap();
            answer.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(hex(Plugin::Native), "8817c50fa779daef010ee7577825b0847df9842e");
        assert_eq!(hex(Plugin::CachingSha2), "c76e2898612a4cf042c77fa8c4702c4c64c0c2c557c53c4d75595aaa6abae809");
        assert_eq!(Plugin::Native.answer("", scramble, false), Some(Vec::new()));
        assert_eq!(Plugin::Clear.answer("secret", scramble, false), None);
        assert_eq!(Plugin::Clear.answer("secret", scramble, true), Some(b"secret\0".to_vec()));
    }
}
