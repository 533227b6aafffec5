// SPDX-License-Identifier: Apache-2.0
//! How calls are made: an error on the stack, and buffers that are never cleared first.
use crate::{Error, Result};
use milepost_sys as sys;
use std::{mem::MaybeUninit, os::raw::c_char, slice, time::Duration};

/// Makes a call with an error to fill.
pub(crate) fn check(call: impl FnOnce(*mut sys::milepost_error) -> i32) -> Result<()> {
    let mut raw = MaybeUninit::<sys::milepost_error>::uninit();
    // SAFETY: the size is all that the library reads; a failed call sets every member.
    unsafe {
        std::ptr::addr_of_mut!((*raw.as_mut_ptr()).struct_size)
            .write(size_of::<sys::milepost_error>());
        match call(raw.as_mut_ptr()) {
            sys::MILEPOST_OK => Ok(()),
            _ => Err(Error::from_raw(raw.assume_init_ref())),
        }
    }
}

/// The size of a struct as its first member has it.
pub(crate) fn size_of<T>() -> u32 {
    std::mem::size_of::<T>() as u32
}

/// A struct of the C header whose `init` function makes it.
pub(crate) fn init<T>(make: unsafe extern "C" fn(*mut T, usize) -> i32) -> T {
    let mut value = MaybeUninit::uninit();
    // SAFETY: init functions fill all of it, and fail only for sizes nobody released, which opening
    // a tracker has ruled out by the number of the ABI.
    unsafe {
        let status = make(value.as_mut_ptr(), std::mem::size_of::<T>());
        assert_eq!(status, sys::MILEPOST_OK, "libmilepost-c does not know this crate's structs");
        value.assume_init()
    }
}

/// An all-zero struct for the library to fill, with its size.
///
/// # Safety
/// `T` begins with `struct_size: u32`, and zero is a value of each of its members.
pub(crate) unsafe fn sized<T>() -> T {
    let mut value = MaybeUninit::<T>::zeroed();
    unsafe {
        value.as_mut_ptr().cast::<u32>().write(size_of::<T>());
        value.assume_init()
    }
}

/// A buffer on the stack.
pub(crate) struct Buffer<const N: usize>([MaybeUninit<u8>; N]);

impl<const N: usize> Buffer<N> {
    pub(crate) fn new() -> Self {
        Buffer([MaybeUninit::uninit(); N])
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut c_char {
        self.0.as_mut_ptr().cast()
    }

    /// Its beginning.
    ///
    /// # Safety
    /// The library has written that many bytes.
    pub(crate) unsafe fn filled(&self, size: usize) -> &[u8] {
        assert!(size <= N);
        unsafe { slice::from_raw_parts(self.0.as_ptr().cast(), size) }
    }
}

/// A text for a run's error and owner.
pub(crate) type RunText = Buffer<{ sys::MILEPOST_RUN_TEXT_MAX }>;
/// A run's public JSON.
pub(crate) type RunJson = Buffer<{ sys::MILEPOST_RUN_JSON_MAX }>;

/// The caller's bytes for the length of a call.
pub(crate) fn text_in(bytes: &[u8]) -> sys::milepost_text {
    let data = if bytes.is_empty() { std::ptr::null() } else { bytes.as_ptr().cast() };
    sys::milepost_text { data, size: bytes.len() }
}

/// A copy of a text of the library's, which is UTF-8.
///
/// # Safety
/// What it points to is still there.
pub(crate) unsafe fn text_out(text: sys::milepost_text) -> String {
    String::from_utf8_lossy(unsafe { bytes_out(&text) }).into_owned()
}

/// # Safety
/// What it points to is there as long as the result is used.
pub(crate) unsafe fn bytes_out(text: &sys::milepost_text) -> &[u8] {
    if text.data.is_null() {
        return &[];
    }
    unsafe { slice::from_raw_parts(text.data.cast(), text.size) }
}

/// Rounded up, so that nobody waits shorter than they asked for.
pub(crate) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from((duration.as_nanos() + 999_999) / 1_000_000).unwrap_or(i64::MAX)
}

pub(crate) fn timeout(timeout: Option<Duration>) -> i64 {
    timeout.map_or(sys::MILEPOST_TIMEOUT_DEFAULT, milliseconds)
}

/// Items that lie `stride` bytes apart.
///
/// # Safety
/// `first`, `count` and `stride` are a view that the library gave out and that is still valid.
pub(crate) unsafe fn view<'a, T: 'a>(
    first: *const T,
    count: usize,
    stride: usize,
) -> impl Iterator<Item = &'a T> {
    (0..count).map(move |i| unsafe { &*first.cast::<u8>().add(i * stride).cast::<T>() })
}

/// A result of the library's, freed when it goes.
pub(crate) struct Owned<T: Copy>(pub T, pub unsafe extern "C" fn(T));

impl<T: Copy> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: freeing twice or nothing does nothing.
        unsafe { (self.1)(self.0) }
    }
}
