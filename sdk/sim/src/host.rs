//! Owns serving a router on loopback over connections that can be broken on purpose.
//!
//! Does not own what is served, nor when a connection is to be broken (see `fault`).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::Sleep;

/// A simulator that is being served; dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Running {
    pub base_url: String,
    addr: SocketAddr,
    accepting: JoinHandle<()>,
    open: OpenLines,
}

impl Running {
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Closes the port and every connection, and waits until the port is free.
    pub async fn stop(mut self) {
        self.abort();
        // Ends by being aborted, which it reports as an error.
        let _aborted = (&mut self.accepting).await;
    }

    fn abort(&self) {
        self.accepting.abort();
        self.open.cut_all();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.abort();
    }
}

/// Serves `router` on 127.0.0.1, on `port` or on a free one.
///
/// # Errors
/// When the port cannot be bound.
pub async fn start(router: Router, port: Option<u16>) -> io::Result<Running> {
    let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port.unwrap_or(0)));
    let tcp = TcpListener::bind(wanted).await?;
    let addr = tcp.local_addr()?;
    let open = OpenLines::default();
    let listener = LineListener { tcp, open: open.clone() };
    let service = router.into_make_service_with_connect_info::<Line>();
    let accepting = tokio::spawn(async move {
        // Serving ends only by abort; a refused accept is retried inside.
        if let Err(cause) = axum::serve(listener, service).await {
            eprintln!("simulator stopped serving: {cause}");
        }
    });
    Ok(Running { base_url: format!("http://{addr}"), addr, accepting, open })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    Whole,
    /// Let the head and this many bytes of the next answer's body out, then break.
    CutAfterBody(usize),
    /// A byte at a time, with this pause before each.
    Drip(Duration),
    Cut,
}

#[derive(Debug)]
struct LineState {
    condition: Condition,
    /// When it is cut, the peer sees a reset, not an end.
    resets: bool,
    reader: Option<Waker>,
}

/// One TCP connection as the fault layer sees it: something that can be cut.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    state: Arc<Mutex<LineState>>,
}

impl Line {
    fn new() -> Self {
        let state = LineState { condition: Condition::Whole, resets: false, reader: None };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, LineState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing more gets out or in; the peer sees the connection closed.
    pub(crate) fn cut(&self) {
        let waker = {
            let mut state = self.lock();
            state.condition = Condition::Cut;
            state.reader.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// From now on a cut is a reset.
    pub(crate) fn reset(&self) {
        self.lock().resets = true;
    }

    pub(crate) fn drip(&self, pause: Duration) {
        self.lock().condition = Condition::Drip(pause);
    }

    /// The next answer gets out with only the first `allowed` bytes of its body.
    pub(crate) fn cut_after_body(&self, allowed: usize) {
        self.lock().condition = Condition::CutAfterBody(allowed);
    }
}

impl Connected<IncomingStream<'_, LineListener>> for Line {
    fn connect_info(stream: IncomingStream<'_, LineListener>) -> Self {
        stream.io().line.clone()
    }
}

#[derive(Debug, Clone, Default)]
struct OpenLines {
    lines: Arc<Mutex<Vec<Weak<Mutex<LineState>>>>>,
}

impl OpenLines {
    fn add(&self, line: &Line) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.retain(|known| known.strong_count() > 0);
        lines.push(Arc::downgrade(&line.state));
    }

    fn cut_all(&self) {
        let lines = std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner));
        for state in lines.iter().filter_map(Weak::upgrade) {
            Line { state }.cut();
        }
    }
}

#[derive(Debug)]
struct LineListener {
    tcp: TcpListener,
    open: OpenLines,
}

impl Listener for LineListener {
    type Io = LineStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, peer) = Listener::accept(&mut self.tcp).await;
        let line = Line::new();
        self.open.add(&line);
        (LineStream { stream, line, pause: None }, peer)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}

#[derive(Debug)]
struct LineStream {
    stream: TcpStream,
    line: Line,
    /// Before the next byte, where it drips.
    pause: Option<Pin<Box<Sleep>>>,
}

impl LineStream {
    /// What a peer learns of the cut is settled when the socket is closed, which follows.
    fn broken(&self) -> io::Error {
        if self.line.lock().resets {
            // Without it the peer sees an end instead of a reset, which is a fault as well.
            let _asked = self.stream.set_zero_linger();
        }
        io::Error::new(io::ErrorKind::ConnectionReset, "the simulator cut this connection")
    }

    /// Ready when one more byte may go out.
    fn poll_drip(&mut self, pause: Duration, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.pause.get_or_insert_with(|| Box::pin(tokio::time::sleep(pause)));
        let ready = sleep.as_mut().poll(cx);
        if ready.is_ready() {
            self.pause = None;
        }
        ready
    }
}

impl AsyncRead for LineStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        {
            let mut state = this.line.lock();
            if state.condition == Condition::Cut {
                drop(state);
                return Poll::Ready(Err(this.broken()));
            }
            state.reader = Some(cx.waker().clone());
        }
        Pin::new(&mut this.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for LineStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let condition = this.line.lock().condition;
        let allowed = match condition {
            Condition::Whole => buf,
            Condition::Cut => return Poll::Ready(Err(this.broken())),
            Condition::Drip(pause) => {
                ready!(this.poll_drip(pause, cx));
                return Pin::new(&mut this.stream).poll_write(cx, &buf[..buf.len().min(1)]);
            }
            Condition::CutAfterBody(body) => {
                let head = buf.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
                &buf[..buf.len().min(head + body)]
            }
        };
        if allowed.is_empty() {
            this.line.cut();
            return Poll::Ready(Err(this.broken()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, allowed);
        if condition != Condition::Whole && written.is_ready() {
            this.line.cut();
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
