// SPDX-License-Identifier: Apache-2.0
//! The short-hand of the contract's cases.
use serde_json::Value;

/// TEXT: a string, {"hex"}, {"repeat", "times"}, or an array of texts; as bytes.
pub fn bytes(from: &Value) -> Vec<u8> {
    match from {
        Value::Null => Vec::new(),
        Value::String(text) => text.clone().into_bytes(),
        Value::Array(parts) => parts.iter().flat_map(bytes).collect(),
        _ => match from["hex"].as_str() {
            Some(digits) => (0..digits.len())
                .step_by(2)
                .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).expect("hex"))
                .collect(),
            None => bytes(&from["repeat"]).repeat(from["times"].as_u64().expect("times") as usize),
        },
    }
}

/// The same as a string.
pub fn text(from: &Value) -> String {
    String::from_utf8(bytes(from)).expect("cases with ill-formed strings are skipped")
}

/// LIST: an array, or {"list_of", "times"}.
pub fn list(from: &Value) -> Vec<Value> {
    match from.as_array() {
        Some(list) => list.clone(),
        None => vec![from["list_of"].clone(); from["times"].as_u64().expect("times") as usize],
    }
}

/// Whether a case gives ill-formed UTF-8 where this crate takes a `&str`: as an owner.
pub fn needs_ill_formed_str(case: &Value) -> bool {
    let steps = case["steps"].as_array().expect("steps");
    case.get("needs").is_some()
        && steps.iter().any(|step| String::from_utf8(bytes(&step["owner"])).is_err())
}
