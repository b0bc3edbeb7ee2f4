//! By which address of this machine others reach it.

use std::net::{IpAddr, ToSocketAddrs, UdpSocket};

/// The address from which packets to `host` would leave. Nothing is sent.
///
/// The machine's own name is no help: Debian's `/etc/hosts` maps it to 127.0.1.1.
pub(crate) fn towards(host: &str, port: u16) -> Option<IpAddr> {
    (host, port).to_socket_addrs().ok()?.find_map(|there| {
        let any: IpAddr = if there.is_ipv4() { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect(there).ok()?;
        Some(socket.local_addr().ok()?.ip())
    })
}

/// The address at which a rank at `own` listens, where all ranks are at these: on the machine of the store the route to it may
/// be the loopback, which the ranks of other machines do not reach; then the route to one of them counts.
pub(crate) fn reachable(own: IpAddr, all: &[IpAddr]) -> IpAddr {
    let elsewhere = all.iter().find(|address| !address.is_loopback());
    match elsewhere {
        Some(there) if own.is_loopback() => towards(&there.to_string(), 1).unwrap_or(own),
        _ => own,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_route_to_this_machine_is_the_loopback_and_stays_so_where_all_are_here() {
        let own = towards("127.0.0.1", 1).unwrap();
        assert!(own.is_loopback());
        assert_eq!(reachable(own, &[own, own]), own);
    }

    #[test]
    fn an_address_that_others_reach_stays() {
        let (own, loopback) = (IpAddr::from([10, 0, 0, 2]), IpAddr::from([127, 0, 0, 1]));
        assert_eq!(reachable(own, &[loopback, own]), own);
    }

    #[test]
    fn a_host_that_nobody_knows_has_no_route() {
        assert_eq!(towards("no-such-host.invalid", 1), None);
    }
}
