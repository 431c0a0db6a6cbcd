//! What the code of a job says through the `log` crate is about its attempt, and without its secrets.

use callboard::NewJob;
use callboard::domain::State;
use callboard::domain::secret::SecretKey;
use callboard::logs::LogScope;
use callboard::workers::Context;
use callboard::workers::worker::from_fn;
use serde_json::{Value, json};

use crate::house::Plan;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[actix_rt::test]
async fn lines_of_code_are_seen_without_its_secrets() {
    let says = from_fn("says", |_: Context, args: Value| async move {
        let line = format!("signing in with {}", args["password"].as_str().unwrap_or_default());
        let seen = LogScope::current().map(|scope| scope.seen(&line).into_owned());
        Ok((line == "signing in with opensesame", seen))
    });
    let plan = Plan::new().worker(says).with(|config| {
        config.secrets.keys = vec![SecretKey::parse(KEY).unwrap()];
        config.secrets.fields = vec!["password".into()];
    });
    let mut house = plan.build().await;
    let id = house.enqueue(NewJob::new("says").args(&json!({"password": "opensesame"})).unwrap()).await;
    house.until(id, State::Completed).await;
    let result = house.job(id).await.result.unwrap();
    assert_eq!(result.as_str(), r#"[true,"signing in with [redacted]"]"#);
}
