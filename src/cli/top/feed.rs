//! News from the server: a picture now and then, and what happens in between.

use std::time::Duration;

use serde::Deserialize;
use tokio::sync::{Notify, mpsc};
use tokio::time::{sleep, timeout};

use super::picture::Picture;
use crate::cli::failure::Failure;
use crate::cli::remote::Client;
use crate::cli::remote::event_stream::EventStream;
use crate::cli::remote::notice::Step;
use crate::domain::State;

/// Between two tries to reach a server that is away.
const AGAIN: Duration = Duration::from_secs(1);
/// Failures that come thick and fast are shown at most so often.
const NOT_SOONER: Duration = Duration::from_millis(250);

/// What there is to tell.
#[derive(Debug)]
pub(super) enum News {
    /// How all is now.
    Picture(Box<Picture>),
    /// A job got further.
    Progress(i64, Step),
    /// The server cannot be reached.
    Lost(String),
}

#[derive(Deserialize)]
struct About {
    job_id: i64,
}

/// Tells all of it, for ever; returns when the server says something that no waiting will change.
pub(super) async fn tell(client: &Client, every: Duration, to: mpsc::Sender<News>) -> Failure {
    let hurry = Notify::new();
    tokio::select! {
        failure = pictures(client, every, &hurry, &to) => failure,
        failure = events(client, &hurry, &to) => failure,
    }
}

async fn pictures(client: &Client, every: Duration, hurry: &Notify, to: &mpsc::Sender<News>) -> Failure {
    loop {
        // The first one is there.
        let _ = timeout(every, hurry.notified()).await;
        sleep(NOT_SOONER.min(every)).await;
        let news = match Picture::take(client).await {
            Ok(picture) => News::Picture(Box::new(picture)),
            Err(failure) if failure.is_passing() => News::Lost(first_line(&failure)),
            Err(failure) => return failure,
        };
        let lost = matches!(news, News::Lost(_));
        // Nobody listens any more only when all is over.
        let _ = to.send(news).await;
        if lost {
            sleep(AGAIN).await;
        }
    }
}

fn first_line(failure: &Failure) -> String {
    failure.to_string().lines().next().unwrap_or_default().to_owned()
}

/// Progress as it comes; a failure hastens the next picture. A server that cannot be reached is told of
/// by whoever asks for pictures.
async fn events(client: &Client, hurry: &Notify, to: &mpsc::Sender<News>) -> Failure {
    let only_failures = vec![("state", State::Failed.as_str().to_owned())];
    loop {
        match EventStream::open(client, &["events"], &only_failures, None).await {
            Ok(mut stream) => {
                while let Ok(events) = stream.read().await {
                    for event in events {
                        match event.name.as_str() {
                            "progress" => progress(&event.data, to).await,
                            "state" => hurry.notify_one(),
                            _ => {}
                        }
                    }
                }
            }
            Err(failure) if failure.is_passing() => {}
            Err(failure) => return failure,
        }
        sleep(AGAIN).await;
    }
}

async fn progress(data: &str, to: &mpsc::Sender<News>) {
    // What a newer server says in another way is in the next picture.
    if let (Ok(About { job_id }), Ok(step)) = (serde_json::from_str(data), serde_json::from_str(data)) {
        let _ = to.send(News::Progress(job_id, step)).await;
    }
}
