// SPDX-License-Identifier: Apache-2.0
//! The C ABI of Milepost as it is in `milepost/milepost.h`, which has the rules that hold for all
//! of it. Use the crate `milepost` instead, unless you write a binding yourself.
//!
//! Every function is `unsafe`: pointers must be valid for what the header says of them.
#![deny(missing_docs)]
#![allow(non_camel_case_types)]

mod basics;
mod commands;
mod constants;
mod handles;
mod options;
mod reads;
mod results;
mod snapshots;
mod stats;
mod transfer;
mod upkeep;
mod values;

pub use basics::*;
pub use commands::*;
pub use constants::*;
pub use handles::*;
pub use options::*;
pub use reads::*;
pub use results::*;
pub use snapshots::*;
pub use stats::*;
pub use transfer::*;
pub use upkeep::*;
pub use values::*;
