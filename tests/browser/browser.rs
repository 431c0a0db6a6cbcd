//! A browser of its own for each test.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// How long a page may take to show what it should, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(30);

/// Where axe-core is, once all that is needed is installed.
pub fn axe() -> String {
    static AXE: OnceLock<String> = OnceLock::new();
    let path = AXE.get_or_init(|| {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/browser/install.sh");
        let done = Command::new(script).stderr(Stdio::inherit()).output().unwrap();
        assert!(done.status.success(), "{script} failed; run it by hand to see why");
        String::from_utf8(done.stdout).unwrap().lines().last().unwrap().to_owned()
    });
    std::fs::read_to_string(path).unwrap()
}

/// A browser that is running.
pub struct Browser {
    pub page: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        Self::speaking("en").await
    }

    /// A browser whose user prefers a language.
    pub async fn speaking(language: &str) -> Self {
        Self::with(json!({"intl.accept_languages": language})).await
    }

    /// A browser that runs no scripts of pages. Of those who wait for something, only [`Self::shows`],
    /// [`Self::finds`] and [`Self::click`] work in it.
    pub async fn without_scripts() -> Self {
        const BLOCKED: u8 = 2;
        let prefs = json!({
            "intl.accept_languages": "en",
            "profile.managed_default_content_settings.javascript": BLOCKED,
        });
        Self::with(prefs).await
    }

    async fn with(prefs: Value) -> Self {
        axe();
        let profile = tempfile::tempdir().unwrap();
        let (driver, url) = start_driver();
        let capabilities = json!({"goog:loggingPrefs": {"browser": "ALL"}, "goog:chromeOptions": {
            "prefs": prefs,
            "args": [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--window-size=1280,900", format!("--user-data-dir={}", profile.path().display()),
            ],
        }});
        let Value::Object(capabilities) = capabilities else { unreachable!("written as an object") };
        let mut builder = ClientBuilder::new(HttpConnector::new());
        let page = builder.capabilities(capabilities).connect(&url).await.unwrap();
        Self { page, driver, _profile: profile }
    }

    pub async fn go(&self, url: &str) {
        self.page.goto(url).await.unwrap();
    }

    /// Waits until a selector finds something, and clicks it. A page may put a fresh one in its place
    /// meanwhile, as the one that was found says by being stale.
    pub async fn click(&self, selector: &str) {
        loop {
            self.finds(selector).await;
            match self.page.find(Locator::Css(selector)).await.unwrap().click().await {
                Err(e) if e.is_stale_element_reference() => {}
                clicked => return clicked.unwrap(),
            }
        }
    }

    /// Waits until a selector finds something, by the driver's means alone.
    pub async fn finds(&self, selector: &str) {
        let found = self.page.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        found.unwrap_or_else(|e| panic!("{selector} is not there: {e}"));
    }

    /// Waits until a text is to be read in the first that a selector finds, by the driver's means alone.
    pub async fn shows(&self, selector: &str, text: &str) {
        let look = async {
            loop {
                if let Ok(found) = self.page.find(Locator::Css(selector)).await
                    && found.text().await.is_ok_and(|shown| shown.contains(text))
                {
                    return;
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, look).await;
        assert!(found.is_ok(), "{text:?} is not in {selector}: {}", self.page.source().await.unwrap());
    }

    pub async fn fill(&self, selector: &str, text: &str) {
        let field = self.page.find(Locator::Css(selector)).await.unwrap();
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Waits until a selector finds something.
    pub async fn see(&self, selector: &str) {
        self.until(&format!("document.querySelector({selector:?}) !== null")).await;
    }

    /// Waits until a text is to be read in what a selector finds.
    pub async fn read(&self, selector: &str, text: &str) {
        let condition =
            format!("[...document.querySelectorAll({selector:?})].some(e => e.innerText.includes({text:?}))");
        self.until(&condition).await;
    }

    /// Waits until a condition holds. The page may change meanwhile.
    pub async fn until(&self, condition: &str) {
        let script = format!("return !!({condition})");
        let look = async {
            while !matches!(self.page.execute(&script, vec![]).await, Ok(Value::Bool(true))) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        if tokio::time::timeout(PATIENCE, look).await.is_err() {
            let text = self.js("return location.href + '\\n' + document.body.innerText").await;
            panic!("this did not come to be: {condition}\n{}", text.as_str().unwrap_or_default());
        }
    }

    pub async fn js(&self, script: &str) -> Value {
        self.page.execute(script, vec![]).await.unwrap()
    }

    pub async fn keys(&self, keys: &str) {
        let place = self.page.find(Locator::Css("body")).await.unwrap();
        place.send_keys(keys).await.unwrap();
    }

    /// The width of a phone, which windows cannot have.
    pub async fn narrow(&self, width: u32) {
        let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// The size of what is seen, and the theme of the system.
    pub async fn dress(&self, (width, height): (u32, u32), theme: &str) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let theme = json!({"features": [{"name": "prefers-color-scheme", "value": theme}]});
        self.devtools("Emulation.setEmulatedMedia", theme).await;
    }

    async fn devtools(&self, command: &str, parameters: Value) {
        let call = Devtools(json!({"cmd": command, "params": parameters}));
        self.page.issue_cmd(call).await.unwrap();
    }

    pub async fn close(self) {
        // The driver is ended with `self`, whatever becomes of this.
        let _ = self.page.clone().close().await;
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// A command that Chromium's driver knows beyond the standard.
#[derive(Debug)]
struct Devtools(Value);

impl fantoccini::wd::WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &url::Url, session: Option<&str>) -> Result<url::Url, url::ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.0.to_string()))
    }
}

fn start_driver() -> (Child, String) {
    let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
    let said = lines.map_while(Result::ok).find_map(|line| {
        let (_, rest) = line.split_once("started successfully on port ")?;
        rest.trim_end_matches('.').parse::<u16>().ok()
    });
    let port = said.expect("chromedriver names its port");
    (driver, format!("http://127.0.0.1:{port}"))
}
