//! The hub by itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard::domain::{Event, JobFilter, State};
use callboard::runtime::hub::{Frame, HubAway, Subscription, Wish};
use futures_util::{FutureExt, StreamExt};

use crate::events::{all_told, line, progress, state, told};
use crate::server::{Double, POISON};

async fn next(subscription: &mut Subscription) -> Arc<Frame> {
    subscription.next().await.expect("the stream has ended")
}

async fn take(subscription: &mut Subscription, n: usize) -> Vec<Arc<Frame>> {
    subscription.take(n).collect().await
}

fn ids(frames: &[Arc<Frame>]) -> Vec<u64> {
    frames.iter().filter_map(|f| f.id()).collect()
}

#[actix::test]
async fn tells_everybody_in_the_order_of_commits() {
    let double = Double::start();
    let mut one = double.hub.subscribe(Wish::job(2)).await.unwrap();
    let mut all = double.hub.subscribe(Wish::all(JobFilter::default())).await.unwrap();
    double.hub.publish(vec![state(1, State::Running, 1), state(2, State::Running, 1)]);
    double.hub.publish(vec![progress(2, 1, 5)]);
    double.hub.publish(vec![state(2, State::Completed, 1), state(1, State::Failed, 1)]);
    let frames = take(&mut all, 5).await;
    assert_eq!(
        all_told(&frames),
        ["state 1 running 1", "state 2 running 1", "progress 2 5", "state 2 completed 1", "state 1 failed 1"]
    );
    assert!(ids(&frames).windows(2).all(|w| w[0] < w[1]));
    assert!(frames[4].id().unwrap() < 1 << 53);
    let frames = take(&mut one, 3).await;
    assert_eq!(all_told(&frames), ["state 2 running 1", "progress 2 5", "state 2 completed 1"]);
    assert!(one.next().now_or_never().is_none());
}

#[actix::test]
async fn thousands_watch_a_job_each_and_get_only_theirs() {
    let double = Double::start();
    let mut watches = Vec::new();
    for id in 0..5_000 {
        watches.push(double.hub.subscribe(Wish::job(id)).await.unwrap());
    }
    assert_eq!(double.hub.subscribers(), 5_000);
    let batch: Vec<_> =
        (0..5_000).flat_map(|id| [progress(id, 1, 1), state(id, State::Completed, 1)]).collect();
    double.hub.publish(batch);
    for (id, watch) in watches.iter_mut().enumerate() {
        let frames = take(watch, 2).await;
        assert_eq!(all_told(&frames), [format!("progress {id} 1"), format!("state {id} completed 1")]);
        assert!(watch.next().now_or_never().is_none());
    }
    drop(watches);
    assert_eq!(double.hub.subscribers(), 0);
}

#[actix::test]
async fn log_lines_go_to_those_who_asked_and_are_not_told_again() {
    let double = Double::start();
    let (video, queue) = ("video".into(), "default".into());
    double.hub.log(1, &video, &queue, line("nobody listens"));
    let start = double.hub.subscribe(Wish::job(1)).await.unwrap().since();
    let mut with = double.hub.subscribe(Wish::job(1).with_logs(true)).await.unwrap();
    let mut without = double.hub.subscribe(Wish::job(1)).await.unwrap();
    assert!(double.hub.wants_logs(1) && !double.hub.wants_logs(2));
    double.hub.log(1, &video, &queue, line("a"));
    double.hub.publish(vec![state(1, State::Completed, 1)]);
    assert_eq!(all_told(&take(&mut with, 2).await), ["log 1 a", "state 1 completed 1"]);
    assert_eq!(told(&*next(&mut without).await), "state 1 completed 1");
    let again = double.hub.subscribe(Wish::job(1).with_logs(true).after(Some(start))).await.unwrap();
    assert_eq!(all_told(&again.take_ready()), ["state 1 completed 1"]);
    drop((with, again));
    assert!(!double.hub.wants_logs(1));
}

#[actix::test]
async fn a_long_log_line_is_cut_between_characters() {
    let double = Double::start();
    let mut watch = double.hub.subscribe(Wish::job(1).with_logs(true)).await.unwrap();
    double.hub.log(1, &"video".into(), &"default".into(), line(&"ü".repeat(100_000)));
    let frame = next(&mut watch).await;
    assert!(frame.text().len() < 17 * 1024);
    assert!(told(&frame).ends_with("ü…"));
}

#[actix::test]
async fn gives_again_what_came_after_an_event() {
    let double = Double::start();
    let mut watch = double.hub.subscribe(Wish::all(JobFilter::default())).await.unwrap();
    double.hub.publish((0..10).map(|n| progress(n % 2, 1, n.unsigned_abs())).collect());
    let seen = take(&mut watch, 10).await;
    let again = double.hub.subscribe(Wish::job(1).after(seen[6].id())).await.unwrap();
    double.hub.publish(vec![state(1, State::Completed, 1)]);
    let mut again = again;
    assert_eq!(all_told(&take(&mut again, 3).await), ["progress 1 7", "progress 1 9", "state 1 completed 1"]);
}

#[actix::test]
async fn says_what_it_no_longer_keeps() {
    let double = Double::start();
    let start = double.hub.subscribe(Wish::job(1)).await.unwrap().since();
    double.hub.publish((0..10_100).map(|n| progress(1, 1, n)).collect());
    let wish = |after| Wish::all(JobFilter::default()).after(Some(after));
    let late = double.hub.subscribe(wish(start)).await.unwrap().take_ready();
    assert_eq!((told(&late[0]), told(&late[1])), ("gap 100".into(), "progress 1 100".into()));
    assert_eq!(late.len(), 10_001, "all that is kept, however small the buffer");
    double.clock.advance(Duration::from_secs(301));
    let later = double.hub.subscribe(wish(start)).await.unwrap().take_ready();
    assert_eq!(all_told(&later), ["gap 10100"]);
}

#[actix::test]
async fn ids_of_another_life_are_met_with_a_gap() {
    let old = Double::start();
    let mut watch = old.hub.subscribe(Wish::job(1)).await.unwrap();
    old.hub.publish(vec![state(1, State::Running, 1)]);
    let id = next(&mut watch).await.id();
    let new = Double::start_with(|double| double.clock.advance(Duration::from_millis(1)));
    let mut watch = new.hub.subscribe(Wish::all(JobFilter::default())).await.unwrap();
    new.hub.publish(vec![state(1, State::Pending, 1)]);
    assert!(next(&mut watch).await.id() > id);
    let again = new.hub.subscribe(Wish::job(1).after(id)).await.unwrap();
    assert_eq!(all_told(&again.take_ready()), ["gap 1", "state 1 pending 1"]);
}

#[actix::test]
async fn a_state_filter_narrows_state_frames_only() {
    let double = Double::start();
    let filter = JobFilter { state: vec![State::Failed], ..JobFilter::default() };
    let mut watch = double.hub.subscribe(Wish::all(filter)).await.unwrap();
    double.hub.publish(vec![
        state(1, State::Running, 1),
        progress(1, 1, 1),
        state(1, State::Failed, 1),
        state(2, State::Completed, 1),
        state(3, State::Failed, 1),
    ]);
    assert_eq!(
        all_told(&take(&mut watch, 3).await),
        ["progress 1 1", "state 1 failed 1", "state 3 failed 1"]
    );
    assert!(double.reads.lock().unwrap().is_empty(), "no job need be read for that");
}

fn typed(mut event: Event, job_type: &str, queue: &str) -> Event {
    (event.job_type, event.queue) = (job_type.into(), queue.into());
    event
}

#[actix::test]
async fn type_and_queue_filters_need_no_job_either() {
    let double = Double::start();
    let filter =
        JobFilter { job_type: vec!["a".into(), "b".into()], queue: vec!["q".into()], ..JobFilter::default() };
    let mut watch = double.hub.subscribe(Wish::all(filter)).await.unwrap();
    double.hub.publish(vec![
        typed(progress(1, 1, 1), "a", "q"),
        typed(progress(2, 1, 1), "a", "other"),
        typed(progress(3, 1, 1), "c", "q"),
        typed(progress(4, 1, 1), "b", "q"),
    ]);
    assert_eq!(all_told(&take(&mut watch, 2).await), ["progress 1 1", "progress 4 1"]);
    assert!(double.reads.lock().unwrap().is_empty());
}

#[actix::test]
async fn filters_on_the_job_read_each_job_once_and_keep_the_order() {
    let double = Double::start();
    for id in 0..10 {
        let mut job = crate::events::job(id, State::Running, 1);
        job.tags = if id % 2 == 0 { vec!["even".into()] } else { vec![] };
        double.put_job(job);
    }
    let start = double.hub.subscribe(Wish::job(1)).await.unwrap().since();
    let wish = || Wish::all(JobFilter { tag: vec!["even".into()], ..JobFilter::default() });
    let mut watch = double.hub.subscribe(wish()).await.unwrap();
    for step in 0..20 {
        double.hub.publish((0..10).map(|id| progress(id, 1, step)).collect());
    }
    let frames = take(&mut watch, 100).await;
    let expected: Vec<_> =
        (0..20).flat_map(|step| [0, 2, 4, 6, 8].map(|id| format!("progress {id} {step}"))).collect();
    assert_eq!(all_told(&frames), expected);
    assert_eq!(*double.reads.lock().unwrap(), (0..10).collect::<Vec<_>>());
    let mut again = double.hub.subscribe(wish().after(Some(start))).await.unwrap();
    double.hub.publish(vec![state(4, State::Completed, 1)]);
    let frames = take(&mut again, 101).await;
    assert_eq!(all_told(&frames)[..100], expected);
    assert_eq!(told(&frames[100]), "state 4 completed 1");
}

#[actix::test]
async fn a_text_filter_sees_errors_as_they_come() {
    let double = Double::start();
    double.put(1, State::Running, 1);
    let filter = JobFilter { q: Some("disk".into()), ..JobFilter::default() };
    let mut watch = double.hub.subscribe(Wish::all(filter)).await.unwrap();
    let mut failed = state(1, State::Retrying, 1);
    let callboard::domain::EventBody::State { error, .. } = &mut failed.body else { unreachable!() };
    *error = Some("no space on disk".into());
    double.hub.publish(vec![progress(1, 1, 1), failed, state(1, State::Pending, 1)]);
    assert_eq!(all_told(&take(&mut watch, 2).await), ["state 1 retrying 1", "state 1 pending 1"]);
}

#[actix::test]
async fn a_lookup_that_panics_ends_the_streams_that_need_it_and_no_others() {
    let double = Double::start();
    double.put(1, State::Running, 1);
    let mut plain = double.hub.subscribe(Wish::all(JobFilter::default())).await.unwrap();
    let wish = || Wish::all(JobFilter { q: Some("url".into()), ..JobFilter::default() });
    let doomed = double.hub.subscribe(wish()).await.unwrap();
    double.hub.publish(vec![progress(1, 1, 1), progress(POISON, 1, 2), progress(1, 1, 3)]);
    assert_eq!(all_told(&doomed.collect::<Vec<_>>().await), ["progress 1 1"]);
    let mut next_one = double.hub.subscribe(wish()).await.unwrap();
    double.hub.publish(vec![progress(1, 1, 4)]);
    assert_eq!(told(&*next(&mut next_one).await), "progress 1 4");
    assert_eq!(take(&mut plain, 4).await.len(), 4);
}

#[actix::test]
async fn a_slow_reader_gets_its_gap_and_the_final_state() {
    let double = Double::start();
    let slow = double.hub.subscribe(Wish::job(1).with_logs(true)).await.unwrap();
    for n in 0..1_000 {
        double.hub.log(1, &"video".into(), &"default".into(), line(&n.to_string()));
    }
    double.hub.publish((0..1_000).map(|n| progress(1, 1, n)).collect());
    double.hub.publish(vec![state(1, State::Completed, 1)]);
    // A round trip: the hub has seen all that was told before.
    drop(double.hub.subscribe(Wish::job(2)).await.unwrap());
    let frames = slow.take_ready();
    assert!(frames.len() <= 257, "{}", frames.len());
    assert_eq!(frames[0].name(), "gap");
    let last = all_told(&frames[frames.len() - 2..]);
    assert_eq!(last, ["progress 1 999", "state 1 completed 1"]);
}

#[actix::test]
async fn closing_ends_all_streams_after_what_was_told() {
    let double = Double::start();
    double.put(1, State::Running, 1);
    let filter = JobFilter { tag: vec!["x".into()], ..JobFilter::default() };
    let sifted = double.hub.subscribe(Wish::all(filter)).await.unwrap();
    let one = double.hub.subscribe(Wish::job(1)).await.unwrap();
    double.hub.publish(vec![state(1, State::Pending, 1)]);
    double.hub.close();
    assert_eq!(all_told(&one.collect::<Vec<_>>().await), ["state 1 pending 1"]);
    assert!(sifted.collect::<Vec<_>>().await.is_empty());
    assert_eq!(double.hub.subscribe(Wish::job(1)).await.err(), Some(HubAway));
}

#[actix::test]
async fn a_hub_that_is_rebuilt_serves_the_same_handle() {
    let double = Double::start();
    let mut watch = double.hub.subscribe(Wish::job(1)).await.unwrap();
    double.start_hub();
    let mut new = double.hub.subscribe(Wish::job(1)).await.unwrap();
    double.hub.publish(vec![state(1, State::Completed, 1)]);
    assert_eq!(told(&*next(&mut new).await), "state 1 completed 1");
    assert!(watch.next().await.is_none(), "a client of the old hub must know that it has to come back");
}

/// Not a check but a measure: `cargo test --release --test live -- --ignored --nocapture frame`.
#[actix::test]
#[ignore = "prints how long a frame takes"]
async fn time_per_delivered_frame() {
    let double = Double::start();
    let mut watches = Vec::new();
    for _ in 0..1_000 {
        watches.push(double.hub.subscribe(Wish::all(JobFilter::default())).await.unwrap());
    }
    let (rounds, batch) = (50, 200_usize);
    let start = Instant::now();
    for round in 0..rounds {
        double.hub.publish((0_i64..).take(batch).map(|n| progress(n, 1, round)).collect());
        for watch in &mut watches {
            take(watch, batch).await;
        }
    }
    let frames = rounds * (batch * watches.len()) as u64;
    println!("{} ns for each of {frames} frames", start.elapsed().as_nanos() / u128::from(frames));
}
