//! A job that runs until a test lets it go.

use serde_json::json;

use crate::fleet::Node;
use crate::watcher::Watcher;

/// Its type. It says how far it is, and waits for `go` in the folder that its argument names, as long as that
/// is there.
pub const SLOW: &str = "[job_types.slow]\nmax_retries = 0\ncommand = [\"sh\", \"-c\", '''\
    echo '::callboard {\"progress\":{\"percent\":40,\"message\":\"half\"}}'; \
    while ! [ -e \"$0/go\" ]; do [ -d \"$0\" ] || exit 1; sleep 0.1; done''', \"{args.dir}\"]\n";

/// See the module.
pub struct Slow {
    pub id: i64,
    /// Sees it from the node that it was enqueued on.
    pub watcher: Watcher,
    home: tempfile::TempDir,
}

impl Slow {
    /// Enqueues one, and waits until the node that it was enqueued on tells that it is half done.
    pub async fn begun(on: &Node) -> Self {
        let home = tempfile::tempdir().unwrap();
        let id = on.server.enqueue("slow", &json!({"dir": home.path()}));
        let mut watcher = Watcher::open(&on.server, id).await;
        assert_eq!(watcher.message().await, "half");
        Self { id, watcher, home }
    }

    /// Lets it end, and those like it.
    pub fn go(&self) {
        std::fs::write(self.home.path().join("go"), "").unwrap();
    }

    /// Enqueues one like it.
    pub fn another(&self, on: &Node) -> i64 {
        on.server.enqueue("slow", &json!({"dir": self.home.path()}))
    }
}
