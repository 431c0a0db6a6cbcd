//! What is fuzzed here: see `fuzz/`.

use super::greeting::Greeting;
use super::job::{Payload, Pushed};
use super::reply::Reply;
use super::{Command, Lines};
use crate::domain::{Json, State, Timestamp};
use crate::runtime::callboard::RemoteNew;
use crate::store::verbs::enqueue::Prepared;

/// Reads bytes as what a client sends: each line as its first one and as one of the others.
///
/// # Panics
/// When lines depend on how the bytes come in, an answer has two lines, or a job that is taken does
/// not come back as it was.
pub fn conversation(bytes: &[u8]) {
    let lines = lines([bytes]);
    assert_eq!(lines, self::lines(bytes.chunks(7)), "how the bytes come in makes a difference");
    let greeting = Greeting::new(None);
    for line in &lines {
        let _ = greeting.check(line);
        match Command::read(line) {
            Ok(Command::Push(new)) => there_and_back(*new),
            Ok(Command::PushBulk(jobs)) => {
                jobs.into_iter().filter_map(|(_, job)| job.ok()).for_each(there_and_back);
            }
            Ok(_) => {}
            Err(why) => of_lines(&Reply::err(why), 1),
        }
    }
}

fn lines<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let (mut lines, mut found) = (Lines::default(), Vec::new());
    for chunk in chunks {
        lines.space().extend_from_slice(chunk);
        while let Ok(Some(line)) = lines.next_line() {
            found.push(line);
        }
    }
    found
}

/// An answer has so many lines, and no others in them.
fn of_lines(reply: &Reply, lines: usize) {
    let bytes = reply.bytes();
    let ends = bytes.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count();
    assert_eq!(ends, 2 * lines, "{}", String::from_utf8_lossy(&bytes));
}

/// A job as it is handed out can be pushed again, and is the same.
fn there_and_back(new: RemoteNew) {
    if !new.job.faults().is_empty() {
        return;
    }
    let (jid, extra, now) = (new.jid, new.extra, Timestamp::from_millis(0));
    let job = Prepared::new(new.job, 3).into_job(1, State::Running, now);
    let reply = Reply::json(&Payload::of(&job, &jid, &extra, now));
    of_lines(&reply, 2);
    let Reply::Bulk(text) = reply else { panic!("a job is no JSON: {reply:?}") };
    let again = Pushed::read(&text).and_then(Pushed::into_new).unwrap_or_else(|e| panic!("{e}: {text}"));
    // The ends of lines between the parts of JSON become blanks.
    let plain = |json: &Json| json.as_str().replace(['\r', '\n'], " ");
    assert_eq!(
        (plain(&job.args), plain(&job.metadata)),
        (plain(&again.job.args), plain(&again.job.metadata))
    );
    let same = (&jid, &job.queue, &job.job_type) == (&again.jid, &again.job.queue, &again.job.job_type);
    assert!(same && extra.retry == again.extra.retry, "{text}");
}
