// SPDX-License-Identifier: Apache-2.0
//! Instants: `SystemTime` outside, microseconds since the Unix epoch inside.
use crate::{
    call::{check, Buffer},
    Result,
};
use milepost_sys as sys;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads an RFC 3339 instant in UTC, as the public contract admits it; digits past microseconds are
/// cut.
///
/// ```
/// let at = milepost::parse_instant("2023-11-07T05:31:56.250Z").unwrap();
/// assert_eq!(milepost::format_instant(at).unwrap(), "2023-11-07T05:31:56.250Z");
/// ```
pub fn parse_instant(text: &str) -> Result<SystemTime> {
    let mut at = 0;
    check(|err| unsafe {
        sys::milepost_instant_parse(text.as_ptr().cast(), text.len(), &mut at, err)
    })?;
    Ok(instant(at))
}

/// Writes an instant as the public contract has it: UTC, with 0, 3 or 6 digits of a fraction.
pub fn format_instant(at: SystemTime) -> Result<String> {
    let mut text = Buffer::<{ sys::MILEPOST_INSTANT_TEXT_SIZE_MAX }>::new();
    let (capacity, mut size) = (sys::MILEPOST_INSTANT_TEXT_SIZE_MAX, 0);
    check(|err| unsafe {
        sys::milepost_instant_format(micros(at), text.as_mut_ptr(), capacity, &mut size, err)
    })?;
    Ok(String::from_utf8_lossy(unsafe { text.filled(size) }).into_owned())
}

pub(crate) fn instant(micros: i64) -> SystemTime {
    let distance = Duration::from_micros(micros.unsigned_abs());
    if micros < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// In microseconds, cut downwards. What has no such number becomes the farthest, which the library
/// refuses by name.
pub(crate) fn micros(at: SystemTime) -> i64 {
    match at.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => {
            let nanos = before.duration().as_nanos();
            i64::try_from((nanos + 999) / 1000).map_or(i64::MIN, |micros| -micros)
        }
    }
}
