// SPDX-License-Identifier: Apache-2.0
//! Finds libmilepost-c: in MILEPOST_LIB_DIR if that is set, else as pkg-config knows it. It is
//! always the shared library, since a process must not hold two copies of the engine.
use std::{env, process::Command};

fn main() {
    println!("cargo:rerun-if-env-changed=MILEPOST_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rustc-link-lib=dylib=milepost-c");
    if let Ok(folder) = env::var("MILEPOST_LIB_DIR") {
        println!("cargo:rustc-link-search=native={folder}");
        return;
    }
    let tool = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let found = Command::new(&tool).args(["--libs-only-L", "milepost-c"]).output();
    match found {
        Ok(output) if output.status.success() => {
            for flag in String::from_utf8_lossy(&output.stdout).split_whitespace() {
                if let Some(folder) = flag.strip_prefix("-L") {
                    println!("cargo:rustc-link-search=native={folder}");
                }
            }
        }
        // Where it lies in the linker's own folders nothing needs to be said.
        _ => println!(
            "cargo:warning={tool} does not know milepost-c; set MILEPOST_LIB_DIR if linking fails"
        ),
    }
}
