// SPDX-License-Identifier: Apache-2.0
//! The change feed: every change in the order of commits, without gaps.
use crate::{
    call::{check, sized, timeout, view, Owned},
    read::optional,
    ChangeKind, Freshness, Result, Run, Tracker, Uuid,
};
use milepost_sys as sys;
use std::{fmt, ptr, sync::Mutex, time::Duration};

/// [`Tracker::subscribe`]: only what is published from now on.
pub const FROM_NOW: u64 = sys::MILEPOST_FROM_NOW;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Its place in the feed.
    pub sequence: u64,
    /// The run as this change left it.
    pub run: Run,
}

/// A page of the feed, and where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes.
    pub changes: Vec<Change>,
    /// `after` of the next page.
    pub next: u64,
    /// The last sequence of the moment the page is of.
    pub newest: u64,
    /// The store that the sequences belong to.
    pub store_id: Uuid,
}

pub(crate) fn change_page(
    call: impl FnOnce(*mut sys::milepost_changes, *mut sys::milepost_error) -> i32,
) -> Result<ChangePage> {
    let mut handle = sys::milepost_changes { value: 0 };
    check(|err| call(&mut handle, err))?;
    let owned = Owned(handle, sys::milepost_changes_free);
    let (mut first, mut count, mut stride) = (ptr::null(), 0, 0);
    check(|err| unsafe {
        sys::milepost_changes_view(owned.0, &mut first, &mut count, &mut stride, err)
    })?;
    // SAFETY: the result is alive until the end of this function.
    let changes = unsafe { view::<sys::milepost_change>(first, count, stride) }
        .map(|raw| Change {
            kind: ChangeKind::from_raw(raw.kind),
            sequence: raw.sequence,
            run: unsafe { Run::from_raw(&raw.run) },
        })
        .collect();
    let mut position = unsafe { sized::<sys::milepost_feed_position>() };
    check(|err| unsafe { sys::milepost_changes_position(owned.0, &mut position, err) })?;
    let sys::milepost_feed_position { next, newest, store_id, .. } = position;
    Ok(ChangePage { changes, next, newest, store_id: store_id.into() })
}

/// A place in the change feed. `next` takes its turn among threads; `stop` does not.
pub struct Subscription {
    handle: sys::milepost_subscription,
    turn: Mutex<()>,
}

impl Tracker {
    /// One page of the change feed: at most `limit` changes behind the sequence `after`; 0 begins
    /// with the store's first. `store_id` is the store the position belongs to, if it is to be
    /// checked.
    pub fn changes(
        &self,
        after: u64,
        limit: u64,
        store_id: Option<Uuid>,
        freshness: Freshness,
    ) -> Result<ChangePage> {
        let (store, fresh) = (store_id.map(Uuid::raw), freshness as i32);
        let wait = sys::MILEPOST_TIMEOUT_DEFAULT;
        change_page(|changes, err| unsafe {
            let store = optional(&store);
            sys::milepost_tracker_changes(
                self.handle,
                after,
                limit,
                store,
                fresh,
                wait,
                changes,
                err,
            )
        })
    }

    /// The feed as it is published, from behind `after`; with [`FROM_NOW`] only what is published
    /// from now on.
    pub fn subscribe(&self, after: u64, store_id: Option<Uuid>) -> Result<Subscription> {
        let store = store_id.map(Uuid::raw);
        let mut handle = sys::milepost_subscription { value: 0 };
        check(|err| unsafe {
            let store = optional(&store);
            sys::milepost_tracker_subscribe(self.handle, after, store, &mut handle, err)
        })?;
        Ok(Subscription { handle, turn: Mutex::new(()) })
    }
}

impl Subscription {
    /// Waits for changes behind the last one delivered, at most `limit`.
    /// [`crate::ErrorCode::Busy`] when the time has run out, `Cancelled` after [`Self::stop`].
    pub fn next_page(&self, limit: u64, wait: Option<Duration>) -> Result<ChangePage> {
        let _turn = self.turn.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let wait = timeout(wait);
        change_page(|changes, err| unsafe {
            sys::milepost_subscription_next(self.handle, limit, wait, changes, err)
        })
    }

    /// Ends a wait under way and every later one.
    pub fn stop(&self) -> Result<()> {
        check(|err| unsafe { sys::milepost_subscription_stop(self.handle, err) })
    }

    /// The sequence of the last change delivered: `after` for a later subscription.
    pub fn position(&self) -> Result<u64> {
        let mut sequence = 0;
        check(|err| unsafe {
            sys::milepost_subscription_position(self.handle, &mut sequence, err)
        })?;
        Ok(sequence)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // SAFETY: freeing never fails.
        unsafe { sys::milepost_subscription_free(self.handle) }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").finish_non_exhaustive()
    }
}
