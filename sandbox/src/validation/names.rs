//! The forms of names, keys, and label values, with upstream's explanations.

pub(super) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
pub(super) const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const KEY_NAME: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const KEY_PARTS: &str = "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

/// Returns what is wrong with a DNS subdomain, such as a Deployment's name.
pub(super) fn subdomain_fault(name: &str) -> Option<String> {
    let is_right = name.split('.').all(is_dns_label);
    match name.len() {
        0..=253 => (!is_right).then(|| SUBDOMAIN.to_owned()),
        _ => Some("must be no more than 253 bytes".to_owned()),
    }
}

/// Returns what is wrong with a DNS label, such as a namespace's or container's name.
pub(super) fn label_fault(name: &str) -> Option<String> {
    match name.len() {
        0..=63 => (!is_dns_label(name)).then(|| LABEL.to_owned()),
        _ => Some("must be no more than 63 bytes".to_owned()),
    }
}

/// Returns what is wrong with the value of a label.
pub(super) fn label_value_fault(value: &str) -> Option<String> {
    match value.len() {
        0..=63 => (!value.is_empty() && !is_word(value)).then(|| LABEL_VALUE.to_owned()),
        _ => Some("must be no more than 63 bytes".to_owned()),
    }
}

/// Returns what is wrong with the key of a label or annotation.
pub(super) fn key_fault(key: &str) -> Option<String> {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    match prefix {
        Some("") => return Some("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            if let Some(fault) = subdomain_fault(prefix) {
                return Some(format!("prefix part {fault}"));
            }
        }
        None => {}
    }
    if name.contains('/') {
        Some(KEY_PARTS.to_owned())
    } else if name.is_empty() {
        Some("name part must be non-empty".to_owned())
    } else if name.len() > 63 {
        Some("name part must be no more than 63 bytes".to_owned())
    } else {
        (!is_word(name)).then(|| KEY_NAME.to_owned())
    }
}

fn is_dns_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.bytes().all(inner) && !name.starts_with('-') && !name.ends_with('-')
}

fn is_word(text: &str) -> bool {
    let edge = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    edge(text.bytes().next())
        && edge(text.bytes().last())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}
