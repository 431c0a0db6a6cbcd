//! Connections whose client takes nothing any more.

use std::any::Any;
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// How long a client may take nothing of what is sent to it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// To be given to `HttpServer::on_connect`. A client that stops reading would keep its connection
/// for ever: its kernel still answers ours, and while the socket is full the server looks neither
/// at its pings nor at its timers. So our kernel is told to give up after `patience`.
pub fn limit(patience: Duration) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + 'static {
    move |connection, _| {
        if let Some(stream) = stream(connection)
            && let Err(e) = give_up_after(patience, stream)
        {
            log::warn!("a connection will not be ended when its client stops reading: {e}");
        }
    }
}

/// The socket of a connection, with TLS or without.
pub(super) fn stream(connection: &dyn Any) -> Option<&TcpStream> {
    let secured = || connection.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref().0);
    connection.downcast_ref::<TcpStream>().or_else(secured)
}

#[cfg(target_os = "linux")]
fn give_up_after(patience: Duration, stream: &TcpStream) -> nix::Result<()> {
    use nix::sys::socket::{setsockopt, sockopt};
    let millis = u32::try_from(patience.as_millis()).unwrap_or(u32::MAX);
    setsockopt(stream, sockopt::TcpUserTimeout, &millis)
}

/// Other systems have no such option; their own patience is what there is.
#[cfg(not(target_os = "linux"))]
fn give_up_after(_: Duration, _: &TcpStream) -> std::io::Result<()> {
    Ok(())
}
