// SPDX-License-Identifier: Apache-2.0
//! The log hook.
use crate::LogLevel;
use std::{
    os::raw::{c_char, c_void},
    panic::{catch_unwind, AssertUnwindSafe},
    slice,
};

pub(crate) type LogFunction = dyn Fn(LogLevel, &str) + Send + Sync;

/// A thin pointer to it is what the library keeps; whoever holds this keeps it valid.
pub(crate) struct LogHook(Box<Box<LogFunction>>);

impl LogHook {
    pub(crate) fn new(function: Box<LogFunction>) -> LogHook {
        LogHook(Box::new(function))
    }

    pub(crate) fn user(&self) -> *mut c_void {
        let function: *const Box<LogFunction> = &*self.0;
        function as *mut c_void
    }
}

/// Called by the library, on any thread.
pub(crate) unsafe extern "C" fn call_hook(
    user: *mut c_void,
    level: i32,
    text: *const c_char,
    size: usize,
) {
    // Frames of C++ lie below: a panic must not unwind them.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: `user` is LogHook::user of a hook that outlives the tracker, the text is valid
        // during the call.
        let (hook, bytes) = unsafe {
            (&*user.cast::<Box<LogFunction>>(), slice::from_raw_parts(text.cast::<u8>(), size))
        };
        hook(LogLevel::from_raw(level), &String::from_utf8_lossy(bytes));
    }));
}
