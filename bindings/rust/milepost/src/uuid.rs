// SPDX-License-Identifier: Apache-2.0
//! Ids: sixteen bytes, and the one text form that the public contract admits.
use crate::{call::check, Error, Result};
use milepost_sys as sys;
use std::{fmt, str::FromStr};

/// An id in the byte order of RFC 9562, which is also its order.
///
/// ```
/// let id: milepost::Uuid = "3C90C3CC-0D44-4B50-8888-8DD25736052A".parse().unwrap();
/// assert_eq!(id.to_string(), "3c90c3cc-0d44-4b50-8888-8dd25736052a");
/// assert!("{3c90c3cc-0d44-4b50-8888-8dd25736052a}".parse::<milepost::Uuid>().is_err());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid([u8; 16]);

impl Uuid {
    /// The nil id, which is valid: the organization of hosts that know of none.
    pub const NIL: Uuid = Uuid([0; 16]);

    /// The id of these bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Uuid {
        Uuid(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether this is the nil id.
    pub fn is_nil(&self) -> bool {
        *self == Uuid::NIL
    }

    pub(crate) fn raw(self) -> sys::milepost_id {
        sys::milepost_id { bytes: self.0 }
    }
}

impl From<sys::milepost_id> for Uuid {
    fn from(id: sys::milepost_id) -> Uuid {
        Uuid(id.bytes)
    }
}

impl From<[u8; 16]> for Uuid {
    fn from(bytes: [u8; 16]) -> Uuid {
        Uuid(bytes)
    }
}

impl From<Uuid> for [u8; 16] {
    fn from(id: Uuid) -> [u8; 16] {
        id.0
    }
}

impl From<u128> for Uuid {
    fn from(number: u128) -> Uuid {
        Uuid(number.to_be_bytes())
    }
}

impl From<Uuid> for u128 {
    fn from(id: Uuid) -> u128 {
        u128::from_be_bytes(id.0)
    }
}

impl FromStr for Uuid {
    type Err = Error;

    /// Reads the 36-character text of an id, either case; nothing else is accepted.
    fn from_str(text: &str) -> Result<Uuid> {
        let mut id = Uuid::NIL.raw();
        check(|err| unsafe {
            sys::milepost_id_parse(text.as_ptr().cast(), text.len(), &mut id, err)
        })?;
        Ok(id.into())
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; sys::MILEPOST_ID_TEXT_SIZE];
        let mut at = 0;
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = DIGITS[usize::from(byte >> 4)];
            text[at + 1] = DIGITS[usize::from(byte & 15)];
            at += 2;
        }
        f.pad(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
