//! A site with channels and videos on 127.0.0.1, and what can be wrong with it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

/// How long to wait for a client.
const LONG: Duration = Duration::from_secs(60);

/// How a video's file is served.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Served {
    Whole,
    /// Its page is not there.
    Missing,
    /// One must sign in.
    Forbidden,
    /// The half of it, and then nothing until [`Site::release`].
    Held,
    /// The first time the half of it, and then the connection is closed.
    Cut,
    /// The page answers 503 so many times.
    Heals(u32),
}

/// A video.
#[derive(Clone, Debug)]
pub struct Video {
    pub id: &'static str,
    pub title: String,
    pub file: PathBuf,
    pub served: Served,
    /// Announced, in seconds.
    pub duration: f64,
    /// By language; the text of a WebVTT file.
    pub subtitles: Option<(&'static str, String)>,
    pub captions: Option<(&'static str, String)>,
}

impl Video {
    pub fn new(id: &'static str, title: &str, file: PathBuf) -> Self {
        let (served, duration) = (Served::Whole, 1.0);
        Self { id, title: title.into(), file, served, duration, subtitles: None, captions: None }
    }

    pub fn served(mut self, served: Served) -> Self {
        self.served = served;
        self
    }
}

#[derive(Default)]
struct Shared {
    videos: Mutex<Vec<Video>>,
    asked: Mutex<HashMap<String, u32>>,
    released: Mutex<bool>,
    /// A path that nobody gets an answer for until [`Site::release`].
    held: Mutex<Option<String>>,
    change: Condvar,
}

/// The site, until it is dropped.
pub struct Site {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Site {
    pub fn start(videos: Vec<Video>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { videos: Mutex::new(videos), ..Shared::default() });
        let served = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = served.clone();
                // A client that goes away is no fault.
                thread::spawn(move || drop(answer(stream, address, &shared)));
            }
        });
        Self { address, shared }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A page that sends on whoever comes.
    pub fn sends_on_to(&self, other: &str) -> String {
        self.url(&format!("/go?{other}"))
    }

    pub fn channel(&self) -> String {
        self.url("/channel/all")
    }

    pub fn add_first(&self, video: Video) {
        self.shared.videos.lock().unwrap().insert(0, video);
    }

    /// How often a path was asked for.
    pub fn asked(&self, path: &str) -> u32 {
        self.shared.asked.lock().unwrap().get(path).copied().unwrap_or_default()
    }

    /// Waits until a path was asked for.
    pub fn await_asked(&self, path: &str) {
        self.await_asked_again(path, 0);
    }

    /// Waits until a path was asked for more often than so many times.
    pub fn await_asked_again(&self, path: &str, times: u32) {
        let asked = self.shared.asked.lock().unwrap();
        let waiting =
            |asked: &mut HashMap<String, u32>| asked.get(path).copied().unwrap_or_default() <= times;
        let (_asked, timeout) = self.shared.change.wait_timeout_while(asked, LONG, waiting).unwrap();
        assert!(!timeout.timed_out(), "nobody asks for {path}");
    }

    /// Lets who asks for a path wait until [`Self::release`]; half a file is sent at once.
    pub fn hold(&self, path: &str) {
        *self.shared.released.lock().unwrap() = false;
        *self.shared.held.lock().unwrap() = Some(path.to_owned());
    }

    /// Lets what is held go on.
    pub fn release(&self) {
        *self.shared.released.lock().unwrap() = true;
        self.shared.change.notify_all();
    }
}

impl Shared {
    fn await_release(&self) {
        let released = self.released.lock().unwrap();
        drop(self.change.wait_while(released, |released| !*released).unwrap());
    }

    fn holds(&self, path: &str) -> bool {
        self.held.lock().unwrap().as_deref() == Some(path)
    }
}

fn answer(mut stream: TcpStream, address: SocketAddr, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut from = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        if let Some(range) = line.to_lowercase().strip_prefix("range: bytes=") {
            from = range.split('-').next().and_then(|n| n.trim().parse().ok()).unwrap_or(0);
        }
    }
    let path = first.split(' ').nth(1).unwrap_or("/").to_owned();
    let times = {
        let mut asked = shared.asked.lock().unwrap();
        let times = asked.entry(path.clone()).or_default();
        *times += 1;
        *times
    };
    shared.change.notify_all();
    if shared.holds(&path) && !path.starts_with("/media/") {
        shared.await_release();
    }
    if let Some(other) = path.strip_prefix("/go?") {
        let line = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close";
        return write!(stream, "{line}\r\nLocation: {other}\r\n\r\n");
    }
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let videos = shared.videos.lock().unwrap().clone();
    let find = |id: &str| videos.iter().find(|video| video.id == id);
    match parts.as_slice() {
        ["feed.xml"] => whole(&mut stream, "application/rss+xml", feed(address, &videos).as_bytes()),
        ["api", "channel", name] => json(&mut stream, &channel(name, &videos)),
        ["api", "video", id] => match find(id) {
            Some(Video { served: Served::Forbidden, .. }) => status(&mut stream, "403 Forbidden"),
            Some(Video { served: Served::Heals(n), .. }) if times <= *n => {
                status(&mut stream, "503 Service Unavailable")
            }
            Some(video) if video.served != Served::Missing => json(&mut stream, &page(address, video)),
            _ => status(&mut stream, "404 Not Found"),
        },
        ["media", file] => match file.split('.').next().and_then(find) {
            Some(video) => send_file(&mut stream, video, (from, times), shared),
            None => status(&mut stream, "404 Not Found"),
        },
        ["subs", id] => match find(id).and_then(|video| video.subtitles.clone().or(video.captions.clone())) {
            Some((_, text)) => whole(&mut stream, "text/vtt", text.as_bytes()),
            None => status(&mut stream, "404 Not Found"),
        },
        _ => status(&mut stream, "404 Not Found"),
    }
}

fn channel(name: &str, videos: &[Video]) -> Value {
    if name == "tabs" {
        let tab = |id| json!({"id": id, "path": format!("/channel/{id}"), "title": id});
        return json!({"title": "With tabs", "tabs": true, "entries": [tab("all"), tab("none")]});
    }
    let shown = videos.iter().filter(|_| name != "none");
    let entries: Vec<_> =
        shown.map(|v| json!({"id": v.id, "path": format!("/watch/{}", v.id), "title": v.title})).collect();
    json!({"title": "The channel", "entries": entries})
}

fn page(address: SocketAddr, video: &Video) -> Value {
    let subtitles = |of: &Option<(&str, String)>| match of {
        Some((lang, _)) => {
            json!({*lang: [{"url": format!("http://{address}/subs/{}", video.id), "ext": "vtt"}]})
        }
        None => json!({}),
    };
    json!({
        "title": video.title, "duration": video.duration, "upload_date": "20260102", "uploader": "..",
        "formats": [{"format_id": "sd", "url": format!("http://{address}/media/{}.mp4", video.id), "ext": "mp4"}],
        "subtitles": subtitles(&video.subtitles), "automatic_captions": subtitles(&video.captions),
    })
}

fn feed(address: SocketAddr, videos: &[Video]) -> String {
    let item = |v: &Video| {
        let link = format!("http://{address}/media/{}.mp4", v.id);
        format!("<item><title>{}</title><link>{link}</link></item>", v.title.replace(['<', '&'], "_"))
    };
    let items: String = videos.iter().map(item).collect();
    format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Feed</title>{items}</channel></rss>")
}

fn send_file(
    stream: &mut TcpStream,
    video: &Video,
    (from, times): (usize, u32),
    shared: &Shared,
) -> std::io::Result<()> {
    let bytes = std::fs::read(&video.file)?;
    let from = from.min(bytes.len());
    let (line, range) = match from {
        0 => ("200 OK", String::new()),
        _ => (
            "206 Partial Content",
            format!("Content-Range: bytes {from}-{}/{}\r\n", bytes.len() - 1, bytes.len()),
        ),
    };
    let length = bytes.len() - from;
    write!(
        stream,
        "HTTP/1.1 {line}\r\nContent-Type: video/mp4\r\nContent-Length: {length}\r\n{range}\
         Accept-Ranges: bytes\r\nConnection: close\r\n\r\n"
    )?;
    let half = (bytes.len() / 2).max(from);
    match video.served {
        Served::Cut if times == 1 => stream.write_all(&bytes[from..half]),
        _ if video.served == Served::Held || shared.holds(&format!("/media/{}.mp4", video.id)) => {
            stream.write_all(&bytes[from..half])?;
            stream.flush()?;
            shared.await_release();
            stream.write_all(&bytes[half..])
        }
        _ => stream.write_all(&bytes[from..]),
    }
}

fn json(stream: &mut TcpStream, value: &Value) -> std::io::Result<()> {
    whole(stream, "application/json", value.to_string().as_bytes())
}

fn whole(stream: &mut TcpStream, kind: &str, body: &[u8]) -> std::io::Result<()> {
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    )?;
    stream.write_all(body)
}

fn status(stream: &mut TcpStream, line: &str) -> std::io::Result<()> {
    write!(stream, "HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
}
