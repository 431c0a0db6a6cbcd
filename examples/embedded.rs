//! A program of its own with callboard in it: the jobs that its pages ask for run in the same process,
//! and their API and pages are beneath `/jobs`.
//!
//! ```sh
//! cargo run --example embedded
//! curl -X POST http://127.0.0.1:8081/greet/Ada
//! curl -H 'x-user: boss' http://127.0.0.1:8081/jobs/api/jobs
//! ```

use std::error::Error;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;

use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Responder};
use callboard::config::{Config, Role};
use callboard::http::{Access, Mount};
use callboard::workers::{Context, RunResult, Worker, typed};
use callboard::{Callboard, NewJob};

/// Greets a guest.
struct Greet;

#[derive(serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
struct Guest {
    name: String,
}

impl Worker for Greet {
    const JOB_TYPE: &'static str = "greet";
    const DESCRIPTION: &'static str = "Greets a guest.";
    type Args = Guest;
    type Output = String;

    async fn run(&self, ctx: Context, guest: Guest) -> RunResult<String> {
        ctx.progress(1, Some(1), Some("said hello"));
        Ok(format!("Hello, {}!", guest.name))
    }
}

async fn home() -> impl Responder {
    "A program of its own; what it has to do is beneath /jobs."
}

async fn greet(callboard: Data<Callboard>, name: web::Path<String>) -> Result<HttpResponse, Box<dyn Error>> {
    let job = NewJob::new("greet").args(&Guest { name: name.into_inner() })?;
    let id = callboard.enqueue(job).await?.job.id;
    Ok(HttpResponse::SeeOther().insert_header(("location", format!("/jobs/jobs/{id}"))).finish())
}

/// Who may do what beneath `/jobs`. Here a proxy in front signs people in and says who they are; what
/// the program's own middleware has put into the request's extensions would do as well.
fn role(request: &HttpRequest) -> Option<Role> {
    match request.headers().get("x-user")?.to_str().ok()? {
        "boss" => Some(Role::Admin),
        _ => Some(Role::Viewer),
    }
}

/// Serves until it is to stop. Jobs that run then have their time to end.
pub async fn run(
    data_dir: &Path,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let config = Config { data_dir: data_dir.to_owned(), ..Config::default() };
    let callboard = Callboard::builder(config).worker(typed(Greet)).start().await?;
    let (jobs, queue) = (Mount::new(callboard.clone(), Access::by_program(role)), callboard.clone());
    let app = move || {
        App::new()
            .app_data(Data::new(queue.clone()))
            .route("/", web::get().to(home))
            .route("/greet/{name}", web::post().to(greet))
            .service(web::scope("/jobs").configure(jobs.configure()))
    };
    let server = HttpServer::new(app).workers(2).listen(listener)?.disable_signals().run();
    let handle = server.handle();
    let serving = actix_web::rt::spawn(server);
    stop.await;
    // First the jobs: then those who watch them have heard how they ended, and have hung up.
    callboard.shutdown().await;
    handle.stop(true).await;
    Ok(serving.await??)
}

#[allow(dead_code)] // A test calls `run`.
#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:8081")?;
    println!("http://{}", listener.local_addr()?);
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    run(Path::new("embedded-data"), listener, stop).await
}
