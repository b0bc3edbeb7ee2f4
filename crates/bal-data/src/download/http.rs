//! One file over HTTP: a transfer that breaks off is taken up where it stopped, as long as it makes progress.

use std::io::Read;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use ureq::http::{Response, StatusCode, Uri, header};
use ureq::{Agent, Body};

use crate::DataError;
use crate::part::Part;

/// Connections to one server for one file in all, and in a row without a new byte.
const CONNECTIONS: u32 = 50;
const FRUITLESS: u32 = 3;

/// Appends the content of `url` to `part`, from the byte where it ends, until it is complete.
///
/// A server that does not know `Range` sends all of it again. More than `at_most` bytes are refused.
/// On an error `part` keeps what can be resumed.
pub(super) fn transfer(
    url: &str,
    part: &mut Part,
    at_most: u64,
    arrived: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), DataError> {
    let agent = agent(url);
    let mut longest = part.len();
    let mut fruitless = 0;
    for _ in 0..CONNECTIONS {
        let reason = match connection(&agent, url, part, at_most, arrived)? {
            Outcome::Complete => return Ok(()),
            Outcome::Refused(reason) => return Err(failed(url, reason)),
            Outcome::Broken(reason) => reason,
        };
        if part.len() > longest {
            longest = part.len();
            fruitless = 0;
        } else {
            fruitless += 1;
        }
        if fruitless == FRUITLESS {
            return Err(failed(url, reason));
        }
        thread::sleep(Duration::from_millis(100 << fruitless));
    }
    Err(failed(url, format!("the connection broke {CONNECTIONS} times")))
}

/// How one connection ended.
enum Outcome {
    Complete,
    /// Asking again may help.
    Broken(String),
    /// Asking again would not help.
    Refused(String),
}

fn connection(
    agent: &Agent,
    url: &str,
    part: &mut Part,
    at_most: u64,
    arrived: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Outcome, DataError> {
    let mut request = agent.get(url);
    if !part.is_empty() {
        request = request.header(header::RANGE, format!("bytes={}-", part.len()));
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(error) => return Ok(Outcome::Broken(error.to_string())),
    };
    let total = match response.status() {
        StatusCode::OK => {
            part.restart()?;
            number(&response, header::CONTENT_LENGTH)
        }
        StatusCode::PARTIAL_CONTENT => match Range::of(&response) {
            Some(Range { first: Some(first), total }) if first == part.len() => total,
            _ => {
                part.restart()?;
                return Ok(Outcome::Broken("the server sent another part than asked for".to_owned()));
            }
        },
        StatusCode::RANGE_NOT_SATISFIABLE if !part.is_empty() => {
            // The part may be complete; if it is longer than the file, it is another file's.
            if matches!(Range::of(&response), Some(Range { total, .. }) if total == Some(part.len())) {
                return Ok(Outcome::Complete);
            }
            part.restart()?;
            return Ok(Outcome::Broken("the server does not have the part asked for".to_owned()));
        }
        status => return Ok(Outcome::Refused(format!("the server answers {status}"))),
    };
    receive(response, total, part, at_most, arrived)
}

/// Appends the body, of which all in all `total` bytes should be there afterwards.
fn receive(
    response: Response<Body>,
    total: Option<u64>,
    part: &mut Part,
    at_most: u64,
    arrived: &mut dyn FnMut(u64, Option<u64>),
) -> Result<Outcome, DataError> {
    let too_long =
        |bytes| Outcome::Refused(format!("sends {bytes} bytes, more than the {at_most} of a right copy"));
    if let Some(total) = total.filter(|&total| total > at_most) {
        part.restart()?;
        return Ok(too_long(total));
    }
    let room = (at_most - part.len().min(at_most)).saturating_add(1);
    let mut body = response.into_body().into_reader().take(room);
    let read = part.append(&mut body, &mut |done| arrived(done, total))?;
    if part.len() > at_most {
        let bytes = part.len();
        part.restart()?;
        return Ok(too_long(bytes));
    }
    Ok(match (read, total) {
        (Err(error), _) => Outcome::Broken(error.to_string()),
        (Ok(()), Some(total)) if part.len() != total => {
            Outcome::Broken(format!("ended after {} of {total} bytes", part.len()))
        }
        (Ok(()), _) => Outcome::Complete,
    })
}

/// A `Content-Range`: `bytes 5-9/10`, or `bytes */10` beside status 416.
struct Range {
    first: Option<u64>,
    total: Option<u64>,
}

impl Range {
    fn of(response: &Response<Body>) -> Option<Self> {
        let text = response.headers().get(header::CONTENT_RANGE)?.to_str().ok()?;
        let (span, total) = text.strip_prefix("bytes ")?.split_once('/')?;
        let first = span.split_once('-').and_then(|(first, _)| first.trim().parse().ok());
        Some(Self { first, total: total.trim().parse().ok() })
    }
}

fn number(response: &Response<Body>, name: header::HeaderName) -> Option<u64> {
    response.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

/// A client for `url`: patient, but not for ever; by the proxy of the environment, unless the server is this machine.
fn agent(url: &str) -> Agent {
    let patience = Some(Duration::from_secs(30));
    let mut config = Agent::config_builder();
    if is_loopback(url) {
        config = config.proxy(None);
    }
    config
        .user_agent(concat!("bal-data/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .http_status_as_error(false)
        .timeout_resolve(patience)
        .timeout_connect(patience)
        .timeout_per_read(patience)
        .timeout_recv_response(Some(Duration::from_mins(1)))
        .build()
        .new_agent()
}

fn is_loopback(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn failed(url: &str, reason: String) -> DataError {
    DataError::Http { url: url.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_go_around_the_proxy() {
        for url in ["http://127.0.0.1:80/a", "http://localhost/a", "https://[::1]:8443/a", "http://127.8.9.1"]
        {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://example.org",
            "http://127.0.0.1.example.org/",
            "https://10.0.0.1/",
            "http://localhost.example/",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
