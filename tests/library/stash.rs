//! A library and the server that serves it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use jiff::{Timestamp, ToSpan};
use tokio::sync::watch;

use crate::schema::{StashSchema, schema};

pub const KEY: &str = "a-very-secret-key";

/// A scene, tag, studio or performer.
#[derive(Clone, Debug, Default)]
pub struct Thing {
    pub id: i64,
    pub name: String,
    pub aliases: Vec<String>,
    pub title: Option<String>,
    pub date: Option<String>,
    pub path: Option<String>,
    pub organized: bool,
    pub studio: Option<i64>,
    pub tags: Vec<i64>,
    pub performers: Vec<i64>,
    pub updated_at: Timestamp,
}

/// What is in the library, and how its server behaves.
#[derive(Default)]
pub struct Library {
    pub scenes: BTreeMap<i64, Thing>,
    pub tags: BTreeMap<i64, Thing>,
    pub studios: BTreeMap<i64, Thing>,
    pub performers: BTreeMap<i64, Thing>,
    /// The scenes that were updated, in order.
    pub updates: Vec<i64>,
    /// Answers to be given instead of the right ones, by part of the request's body: status, body,
    /// and how often.
    pub troubles: Vec<(String, u16, String, usize)>,
    ticks: i64,
}

pub type Shared = Mutex<Library>;

impl Library {
    /// A later moment than all before.
    pub fn tick(&mut self) -> Timestamp {
        self.ticks += 1;
        "2025-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + self.ticks.seconds()
    }

    fn trouble(&mut self, body: &str) -> Option<(u16, String)> {
        let (_, status, answer, left) =
            self.troubles.iter_mut().find(|(part, _, _, left)| *left > 0 && body.contains(part.as_str()))?;
        *left -= 1;
        Some((*status, answer.clone()))
    }
}

/// The server.
pub struct FakeStash {
    pub url: String,
    pub library: Arc<Shared>,
    /// A part of requests that wait, and what lets them go on.
    gate: Gate,
    asked: mpsc::Receiver<String>,
    handle: ServerHandle,
}

/// The part of requests that wait; none wait without it.
type Gate = Arc<watch::Sender<Option<String>>>;

struct Served {
    schema: StashSchema,
    library: Arc<Shared>,
    gate: Gate,
    tell: mpsc::Sender<String>,
}

impl FakeStash {
    pub fn start(library: Library) -> Self {
        let library = Arc::new(Mutex::new(library));
        let gate = Gate::default();
        let (tell, asked) = mpsc::channel();
        let (up, is_up) = mpsc::channel();
        let served = (schema(library.clone()), library.clone(), gate.clone(), tell);
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let app = move || {
                    let (schema, library, gate, tell) = served.clone();
                    App::new()
                        .app_data(web::PayloadConfig::new(1 << 20))
                        .app_data(Data::new(Served { schema, library, gate, tell }))
                        .route("/stash/graphql", web::post().to(answer))
                };
                let server =
                    HttpServer::new(app).workers(1).disable_signals().bind(("127.0.0.1", 0)).unwrap();
                let address = server.addrs()[0];
                let server = server.run();
                up.send((address, server.handle())).unwrap();
                server.await.unwrap();
            });
        });
        let (address, handle) = is_up.recv().unwrap();
        Self { url: format!("http://{address}/stash"), library, gate, asked, handle }
    }

    /// Answers the next calls with this in their body in another way.
    pub fn trouble(&self, part: &str, status: u16, answer: &str, times: usize) {
        self.library.lock().unwrap().troubles.push((part.into(), status, answer.into(), times));
    }

    /// Lets requests with this in their body wait.
    pub fn hold(&self, part: &str) {
        self.gate.send_replace(Some(part.to_owned()));
    }

    /// Lets nothing wait any more.
    pub fn release(&self) {
        self.gate.send_replace(None);
    }

    /// The body of the next request with this in it, once it has come.
    pub fn expect(&self, part: &str) -> String {
        std::iter::repeat_with(|| self.asked.recv_timeout(Duration::from_secs(30)).expect("the client asks"))
            .find(|body| body.contains(part))
            .unwrap()
    }

    /// The requests since the last time.
    pub fn requests(&self) -> Vec<String> {
        self.asked.try_iter().collect()
    }
}

impl Drop for FakeStash {
    fn drop(&mut self) {
        self.release();
        drop(self.handle.stop(false));
    }
}

async fn answer(served: Data<Served>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let body = String::from_utf8(body.to_vec()).unwrap();
    // The test may be over already.
    let _ = served.tell.send(body.clone());
    if request.headers().get("ApiKey").is_none_or(|key| key != KEY) {
        return HttpResponse::Unauthorized().finish();
    }
    let passes = |part: &Option<String>| part.as_ref().is_none_or(|part| !body.contains(part.as_str()));
    served.gate.subscribe().wait_for(passes).await.unwrap();
    if let Some((status, answer)) = served.library.lock().unwrap().trouble(&body) {
        return HttpResponse::build(status.try_into().unwrap()).body(answer);
    }
    let request: async_graphql::Request = serde_json::from_str(&body).unwrap();
    let response = served.schema.execute(request).await;
    // What does not fit the schema never reaches a resolver, and is answered as there.
    let is_wrong = response.errors.iter().any(|e| e.path.is_empty());
    let status = if is_wrong { 422 } else { 200 };
    HttpResponse::build(status.try_into().unwrap()).json(response)
}

/// 250 scenes, some with things to be found in the names of their files.
pub fn library() -> Library {
    let mut library = Library::default();
    let named = |id, name: &str, aliases: &[&str], now| Thing {
        id,
        name: name.into(),
        aliases: aliases.iter().map(|a| (*a).to_owned()).collect(),
        updated_at: now,
        ..Thing::default()
    };
    for (id, name, aliases) in [(1, "Garden", &["park"][..]), (2, "Night walk", &[]), (3, "Rain", &[])] {
        let now = library.tick();
        library.tags.insert(id, named(id, name, aliases, now));
    }
    for (id, name) in [(1, "Green Door Films"), (2, "Acme")] {
        let now = library.tick();
        library.studios.insert(id, named(id, name, &[], now));
    }
    for id in 1..=30 {
        let now = library.tick();
        library.performers.insert(id, named(id, &format!("Person Number{id}"), &[], now));
    }
    for id in 1..=250 {
        let updated_at = library.tick();
        let path = match id % 5 {
            0 => Some(format!("/films/Green Door Films/A_walk_in_the_park_{id}_2024-03-0{}.mp4", id % 9 + 1)),
            1 => Some(format!("/films/misc/Person.Number{}.in.the.Rain.mp4", id % 30 + 1)),
            2 => None,
            _ => Some(format!("/films/misc/{id}.mp4")),
        };
        let title = if id % 5 == 3 { Some(format!("Scene {id}")) } else { (id % 5 == 4).then(String::new) };
        let scene = Thing { id, title, path, updated_at, organized: id % 50 == 0, ..Thing::default() };
        library.scenes.insert(id, scene);
    }
    library
}
