//! The port of a mock: it accepts connections or refuses them, and is the mock's in both cases.
//!
//! A socket that is bound but does not listen holds the port, and connections to it are refused. On Linux such a socket
//! can stand beside the one that listens, so the port is never free; elsewhere it is for the moment between the two.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;

/// How many connections the system keeps for us until they are accepted.
const BACKLOG: u32 = 1024;

/// The port, closed at first.
pub(crate) struct Gate {
    address: SocketAddr,
    listener: Option<TcpListener>,
    /// A bound socket that does not listen.
    reserve: Option<TcpSocket>,
}

impl Gate {
    /// Takes the port; port 0 takes a free one.
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let socket = bind(address)?;
        Ok(Self { address: socket.local_addr()?, listener: None, reserve: Some(socket) })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Accepts connections from now on. Needs the context of a runtime.
    pub(crate) fn open(&mut self) -> io::Result<()> {
        if self.listener.is_some() {
            return Ok(());
        }
        let socket = self.reserve.take().map_or_else(|| bind(self.address), Ok)?;
        // Before the other one listens: afterwards no system allows it.
        self.reserve = bind(self.address).ok();
        self.listener = Some(socket.listen(BACKLOG)?);
        Ok(())
    }

    /// Refuses connections from now on, those included that nobody has accepted yet.
    pub(crate) fn close(&mut self) {
        self.listener = None;
        if self.reserve.is_none() {
            self.reserve = bind(self.address).ok();
        }
    }

    /// The next connection, which never comes while the gate is closed.
    pub(crate) async fn accept(&self) -> TcpStream {
        let Some(listener) = &self.listener else { return std::future::pending().await };
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return stream,
                // Out of file descriptors, most likely: give the open connections time to end.
                Err(_) => sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows the option would let others take the port.
    socket.set_reuseaddr(cfg!(not(windows)))?;
    socket.bind(address)?;
    Ok(socket)
}
