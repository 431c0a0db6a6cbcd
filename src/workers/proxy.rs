//! The way to the web for programs that fetch what jobs name. The URL of a job is looked at before
//! it is fetched, but a site may send on whoever comes, and a name may lead elsewhere when it is
//! looked up once more. So such programs reach the web only through a proxy on this machine, which
//! looks at every address itself, and connects to the one that it has looked at.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{Either, Empty, Full};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, client, server};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::net::AddressRules;
use super::{Failure, RunResult};
use crate::logs::AttemptLog;

/// How long a site may take to accept a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait when there are no file descriptors for another connection.
const PAUSE: Duration = Duration::from_millis(50);
/// Headers that are for the proxy, not for the site.
const NOT_FOR_THE_SITE: [HeaderName; 4] = [
    CONNECTION,
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("keep-alive"),
];

type Body = Either<Incoming, Either<Full<Bytes>, Empty<Bytes>>>;

/// A proxy for one attempt. It and its connections end when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    _open: DropGuard,
}

impl Proxy {
    /// Opens one on this machine's own address.
    ///
    /// # Errors
    /// To be retried when there is no port for it.
    pub async fn open(rules: AddressRules, log: AttemptLog) -> RunResult<Self> {
        let failed = |e| Failure::retry(format_args!("cannot open a proxy for the job: {e}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let open = CancellationToken::new();
        let gate = Gate { rules, log, open: open.clone() };
        gate.clone().spawn(async move {
            loop {
                match listener.accept().await {
                    Ok((stream, _)) => gate.clone().spawn(gate.clone().serve(stream)),
                    Err(_) => tokio::time::sleep(PAUSE).await,
                }
            }
        });
        Ok(Self { address, _open: open.drop_guard() })
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// What may pass, and who is told of what may not.
#[derive(Clone)]
struct Gate {
    rules: AddressRules,
    log: AttemptLog,
    open: CancellationToken,
}

/// Why somebody does not get through.
struct Refusal(StatusCode, String);

impl Gate {
    /// Does something as long as the proxy is open.
    fn spawn(self, what: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(async move { self.open.run_until_cancelled(what).await });
    }

    async fn serve(self, stream: TcpStream) {
        let service = service_fn(|request| {
            let gate = self.clone();
            async move { Ok::<_, Infallible>(gate.answer(request).await) }
        });
        let connection = server::conn::http1::Builder::new()
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // A program that breaks off is nothing to tell of.
        let _ = connection.await;
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let passed = match *request.method() {
            Method::CONNECT => self.tunnel(request).await,
            _ => self.pass_on(request).await,
        };
        passed.unwrap_or_else(|Refusal(status, why)| {
            self.log.warn(format_args!("the proxy answers {status}: {why}"));
            refused(status, why)
        })
    }

    /// Opens a way for what is encrypted.
    async fn tunnel(&self, request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let (_, mut site) = self.connect(&format!("https://{authority}/")).await?;
        self.clone().spawn(async move {
            let Ok(program) = hyper::upgrade::on(request).await else { return };
            let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(program), &mut site).await;
        });
        Ok(Response::new(Either::Right(Either::Right(Empty::new()))))
    }

    /// Asks a site and passes on what it says.
    async fn pass_on(&self, mut request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let (url, site) = self.connect(&request.uri().to_string()).await?;
        if url.scheme() != "http" {
            return Err(Refusal(StatusCode::BAD_REQUEST, format!("{}: wants CONNECT", url.scheme())));
        }
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = path.parse().map_err(|e| Refusal(StatusCode::BAD_REQUEST, format!("{e}")))?;
        clean(request.headers_mut());
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        if let (false, Ok(host)) = (request.headers().contains_key(HOST), HeaderValue::from_str(host)) {
            request.headers_mut().insert(HOST, host);
        }
        let gone = |e| Refusal(StatusCode::BAD_GATEWAY, format!("{host} broke off: {e}"));
        let (mut sender, connection) = client::conn::http1::Builder::new()
            .preserve_header_case(true)
            .ignore_invalid_headers_in_responses(true)
            .allow_obsolete_multiline_headers_in_responses(true)
            .handshake(TokioIo::new(site))
            .await
            .map_err(gone)?;
        self.clone().spawn(async move {
            let _ = connection.await;
        });
        let mut response = sender.send_request(request).await.map_err(gone)?;
        clean(response.headers_mut());
        Ok(response.map(Either::Left))
    }

    /// Connects to a site at an address that was looked at.
    async fn connect(&self, url: &str) -> Result<(Url, TcpStream), Refusal> {
        let url: Url = url.parse().map_err(|e| Refusal(StatusCode::BAD_REQUEST, format!("{e}")))?;
        let addresses = self.rules.resolve(&url).await.map_err(|failure| match failure {
            Failure::Retry { message, .. } => Refusal(StatusCode::BAD_GATEWAY, message),
            Failure::Fatal(why) => Refusal(StatusCode::FORBIDDEN, why),
            Failure::Snooze(_) | Failure::Wait { .. } | Failure::Cancelled => {
                Refusal(StatusCode::BAD_GATEWAY, "stopped".into())
            }
        })?;
        let host = url.host_str().unwrap_or_default();
        let mut error = format!("{host} has no address");
        for address in addresses {
            match tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await {
                Ok(Ok(site)) => return Ok((url, site)),
                Ok(Err(e)) => error = format!("{host} cannot be reached: {e}"),
                Err(_) => error = format!("{host} does not answer"),
            }
        }
        Err(Refusal(StatusCode::BAD_GATEWAY, error))
    }
}

fn clean(headers: &mut HeaderMap) {
    for name in NOT_FOR_THE_SITE {
        headers.remove(name);
    }
}

/// The reason stands where programs look for it: in the status line.
fn refused(status: StatusCode, why: String) -> Response<Body> {
    let reason = ReasonPhrase::try_from(why.clone().into_bytes()).ok();
    let mut response = Response::new(Either::Right(Either::Left(Full::from(why))));
    *response.status_mut() = status;
    reason.map(|reason| response.extensions_mut().insert(reason));
    response
}
