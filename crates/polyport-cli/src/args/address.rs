//! Where a server is, as it is typed.

use std::net::{Ipv6Addr, SocketAddrV6};

/// A host, by its name or its number, and a port. Names are looked up when the server is connected to,
/// and all numbers that they have are tried.
///
/// # Errors
///
/// When it is something else; the text says what is missing.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    if let Some((scheme, _)) = text.split_once("://") {
        return Err(format!(
            "an address has no `{scheme}://`: expected HOST:PORT, such as 127.0.0.1:8888"
        ));
    }
    if text.parse::<Ipv6Addr>().is_ok() {
        return Err(format!(
            "the port is missing, or the brackets around the host: expected HOST:PORT, such as \
             [{text}]:8888"
        ));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if is_host(host) => port_of(port).map(|()| text.to_owned()),
        Some(("", port)) => Err(format!(
            "the host is missing: expected HOST:PORT, such as 127.0.0.1:{port}"
        )),
        None if is_host(text) => Err(format!(
            "the port is missing: expected HOST:PORT, such as {text}:8888"
        )),
        _ => Err("expected HOST:PORT, such as 127.0.0.1:8888".to_owned()),
    }
}

fn is_host(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_alphanumeric() || "-._".contains(letter);
    let is_name = !text.is_empty() && text.chars().all(is_letter);
    is_name || format!("{text}:1").parse::<SocketAddrV6>().is_ok()
}

fn port_of(text: &str) -> Result<(), String> {
    // Rust's numbers may have a sign.
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u16>() {
        Ok(1..) if is_digits => Ok(()),
        _ => Err(format!(
            "`{text}` is no port, which is a number from 1 to 65535"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_port() {
        for text in [
            "127.0.0.1:8888",
            "localhost:1",
            "[::1]:65535",
            "[fe80::1%2]:80",
            "a-b.example_c:80",
        ] {
            assert_eq!(parse(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        for (text, problem) in [
            (
                "localhost",
                "the port is missing: expected HOST:PORT, such as localhost:8888",
            ),
            (
                ":8888",
                "the host is missing: expected HOST:PORT, such as 127.0.0.1:8888",
            ),
            (
                "::1",
                "the port is missing, or the brackets around the host: expected HOST:PORT, such as \
                 [::1]:8888",
            ),
            (
                "http://localhost:80",
                "an address has no `http://`: expected HOST:PORT, such as 127.0.0.1:8888",
            ),
            (
                "localhost:99999",
                "`99999` is no port, which is a number from 1 to 65535",
            ),
            (
                "localhost:0",
                "`0` is no port, which is a number from 1 to 65535",
            ),
            (
                "localhost:+80",
                "`+80` is no port, which is a number from 1 to 65535",
            ),
            (
                "localhost:",
                "`` is no port, which is a number from 1 to 65535",
            ),
            (
                "Service/method",
                "expected HOST:PORT, such as 127.0.0.1:8888",
            ),
            ("", "expected HOST:PORT, such as 127.0.0.1:8888"),
        ] {
            assert_eq!(parse(text), Err(problem.to_owned()), "{text}");
        }
    }
}
