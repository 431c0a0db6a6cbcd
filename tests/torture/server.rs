//! The server under test, and the programs that its jobs run.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The job types.
pub const KINDS: [&str; 5] = ["plain", "plain2", "flaky", "napping", "stubborn"];

/// Of each value of `args.k`, one job of type `keyed` runs at once, and this many in all.
pub const KEYED_AT_ONCE: usize = 2;
/// Jobs of type `rated` that start within a second, of each value of `args.k`.
pub const RATED_A_SECOND: usize = 4;
/// Jobs of any other type that run at once.
pub const AT_ONCE: usize = 3;

/// Appends to a file of its own: when it began and ended, and whether an earlier attempt of the same
/// job was alive when it began.
const PROGRAM: &str = r#"#!/bin/sh
kind=$1 id=$2 attempt=$3 file=$4/$2.log
if [ "$kind" = stubborn ]; then trap '' TERM; fi
if [ -f "$file" ]; then
    sed -n 's/^start \([0-9]*\) \([0-9]*\) .*/\1 \2/p' "$file" | while read -r before pid; do
        if tr '\0' '\n' 2>/dev/null < "/proc/$pid/environ" | grep -qx "CALLBOARD_JOB_ID=$id" &&
            tr '\0' '\n' 2>/dev/null < "/proc/$pid/environ" | grep -qx "CALLBOARD_ATTEMPT=$before"; then
            echo "overlap $before $attempt" >> "$file"
        fi
    done
fi
echo "start $attempt $$ $(date +%s%N)" >> "$file"
case $kind in
    plain2 | keyed | unique) sleep 0.05 ;;
    stubborn) sleep 0.3 ;;
    napping) if [ $((attempt % 2)) = 1 ]; then
            echo "end $attempt $(date +%s%N) napped" >> "$file"
            echo '::callboard {"snooze_secs":0.1}'
            exit 0
        fi ;;
    flaky) if [ $(( (id + attempt) % 3 )) != 0 ]; then
            echo "end $attempt $(date +%s%N) failed" >> "$file"
            echo 'this one failed' >&2
            exit 1
        fi ;;
esac
echo "end $attempt $(date +%s%N) done" >> "$file"
"#;

/// A server that can be started again and again on the same data.
pub struct Server {
    config: PathBuf,
    data: PathBuf,
}

/// A server that runs.
pub struct Life {
    pub address: String,
    child: Child,
}

/// Writes the program that the jobs of all job types run, and says how.
pub fn rules(dir: &Path) -> String {
    let (program, effects) = (dir.join("program.sh"), dir.join("effects"));
    fs::create_dir(&effects).unwrap();
    fs::write(&program, PROGRAM).unwrap();
    let mut config = String::from(
        "kill_after_secs = 0.3\nshutdown_grace_secs = 5\n\
         [retry]\nbase_delay_secs = 0.05\nmax_delay_secs = 0.4\n\
         [defaults]\nmax_crashes = 1000\n",
    );
    config += "[schedules.tick]\nevery_secs = 1\nmisfire = 'all'\njob_type = 'plain'\nmax_retries = 6\n";
    let keyed = format!(
        "global_concurrency = {KEYED_AT_ONCE}\nconcurrency_key = 'args.k'\nconcurrency_per_key = 1\n\
         fairness = {{ key = 'args.k' }}\n"
    );
    let rated = format!("rate_limit = {{ limit = {RATED_A_SECOND}, per_secs = 1, key = 'args.k' }}\n");
    let kinds = KINDS.map(|kind| (kind, "")).into_iter();
    for (kind, limits) in kinds.chain([("keyed", &*keyed), ("rated", &rated), ("unique", "")]) {
        config += &format!(
            "[job_types.{kind}]\nconcurrency = {AT_ONCE}\n{limits}\
             command = ['/bin/sh', '{}', '{kind}', '{{id}}', '{{attempt}}', '{}']\n",
            program.display(),
            effects.display()
        );
    }
    config
}

impl Server {
    /// One in a folder of its own, by itself.
    pub fn prepare(dir: &Path) -> Self {
        Self::with(dir, "", &rules(dir))
    }

    /// One of several: `of_its_own` is what its configuration says besides the `rules` of all of them.
    pub fn with(home: &Path, of_its_own: &str, rules: &str) -> Self {
        let file = home.join("callboard.toml");
        fs::write(&file, format!("{of_its_own}{rules}")).unwrap();
        Self { config: file, data: home.join("data") }
    }

    /// Starts it and waits until it says where it listens.
    pub async fn start(&self) -> Life {
        let mut child = Command::new(env!("CARGO_BIN_EXE_callboard"))
            .args(["serve", "--bind", "127.0.0.1:0", "--log", "error", "--config"])
            .arg(&self.config)
            .arg("--data-dir")
            .arg(&self.data)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = lines.next_line().await.unwrap().expect("the server does not come up");
        Life { address, child }
    }
}

impl Life {
    pub fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().unwrap().cast_signed())
    }

    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Lets it go down in order.
    pub async fn go_down(mut self) {
        kill(self.pid(), Signal::SIGTERM).unwrap();
        let status = self.child.wait().await.unwrap();
        assert!(status.success(), "the server went down with {status}");
    }
}
