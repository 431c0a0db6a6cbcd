//! The page where people sign in, and how long they stay so.

use std::time::Duration;

use callboard::config::{Config, Role, Token};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, RequestBuilder};

use crate::access::tokens;
use crate::answer::Answer;
use crate::server::{Server, send, test, test_with};

const HOUR: Duration = Duration::from_secs(3600);

/// A browser's cookies and the token of its forms.
pub struct Browser {
    cookies: Vec<(String, String)>,
    /// Whether it comes through a proxy that speaks TLS with it.
    by_tls: bool,
}

impl Browser {
    pub fn new() -> Self {
        Self { cookies: Vec::new(), by_tls: false }
    }

    /// All cookies, as requests bring them.
    pub fn cookie(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    pub fn request(&self, server: &Server, method: Method, path: &str) -> RequestBuilder {
        let request = server.plain_request(method, path).header("accept", "text/html");
        let request = request.header(COOKIE, self.cookie());
        if !self.by_tls {
            return request;
        }
        let request = request.header("x-forwarded-proto", "https").header("origin", "https://jobs.example");
        request.header("x-forwarded-host", "jobs.example")
    }

    async fn get(&mut self, server: &Server, path: &str) -> Answer {
        let answer = send(self.request(server, Method::GET, path)).await;
        self.keep(&answer);
        answer
    }

    /// Posts a form with the token that is on a page.
    pub async fn post(&mut self, server: &Server, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(server, from).await;
        let proof = field(&page.text, "callboard_csrf");
        let answer = self.post_proven(server, path, &proof, fields).await;
        self.keep(&answer);
        answer
    }

    async fn post_proven(&self, server: &Server, path: &str, proof: &str, fields: &[(&str, &str)]) -> Answer {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("callboard_csrf", proof);
        let request = self.request(server, Method::POST, path);
        send(request.header("content-type", "application/x-www-form-urlencoded").body(form.finish())).await
    }

    pub async fn sign_in(&mut self, server: &Server, token: &str) -> Answer {
        self.post(
            server,
            "/login?next=%2Fjobs%3Fstate%3Dfailed",
            "/login",
            &[("next", "/jobs?state=failed"), ("token", token)],
        )
        .await
    }

    fn keep(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(known, _)| known != name);
            if !value.is_empty() {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }
}

/// What a hidden field of a page holds.
fn field(html: &str, name: &str) -> String {
    let from = html.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{html}"));
    from.split('"').next().unwrap().to_owned()
}

fn place(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text);
    answer.headers[LOCATION].to_str().unwrap()
}

#[test]
fn who_is_led_to_the_page_is_led_back() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        let answer = browser.get(server, "/jobs?state=failed").await;
        assert_eq!(place(&answer), "/login?next=%2Fjobs%3Fstate%3Dfailed");
        let asked = browser.get(server, "/login?next=%2Fjobs%3Fstate%3Dfailed").await;
        assert_eq!(asked.status, 200);
        assert_eq!(field(&asked.text, "next"), "/jobs?state=failed");
        assert!(!asked.text.contains("<nav") && !asked.text.contains("<script"), "{}", asked.text);

        let answer = browser.sign_in(server, "operator").await;
        assert_eq!(place(&answer), "/jobs?state=failed");
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        for part in ["callboard_session=", "HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{part} in {cookie}");
        }
        assert!(!cookie.contains("Secure"), "{cookie}");
        let page = browser.get(server, "/jobs").await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains("Signed in as operator") && page.text.contains("href=\"/new\""));
        // What pages fetch, and live events, come with the cookie too.
        assert_eq!(browser.request(server, Method::GET, "/api/jobs").send().await.unwrap().status(), 200);
        assert_eq!(browser.request(server, Method::GET, "/api/events").send().await.unwrap().status(), 200);
        assert_eq!(place(&browser.get(server, "/login").await), "/");
    });
}

#[test]
fn a_wrong_token_is_asked_for_again() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        for wrong in ["wrong", "", " "] {
            let answer = browser.sign_in(server, wrong).await;
            assert_eq!(answer.status, 401, "{wrong:?}");
            assert!(
                answer.text.contains("role=\"alert\"") && field(&answer.text, "next") == "/jobs?state=failed"
            );
            assert!(!answer.text.contains("value=\"wrong\""), "{}", answer.text);
        }
        assert!(browser.cookies.iter().all(|(name, _)| name != "callboard_session"));
    });
}

#[test]
fn nobody_is_led_elsewhere() {
    test_with(tokens, async |server| {
        for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/login", "/logout", ""] {
            let answer =
                Browser::new().post(server, "/login", "/login", &[("next", next), ("token", "viewer")]).await;
            assert_eq!(place(&answer), "/", "{next}");
        }
    });
}

#[test]
fn a_session_ends_when_it_is_not_used_and_at_last_anyway() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        browser.sign_in(server, "viewer").await;
        // Used every eleven hours it goes on, also over a restart, but not for more than a week.
        for n in 0..15 {
            assert_eq!(browser.get(server, "/jobs").await.status, 200, "{n}");
            server.clock.advance(11 * HOUR);
            if n == 3 {
                server.restart().await;
            }
        }
        assert_eq!(browser.get(server, "/jobs").await.status, 200, "165 hours");
        server.clock.advance(4 * HOUR);
        assert_eq!(browser.get(server, "/jobs").await.status, 303, "a week");

        browser.sign_in(server, "viewer").await;
        assert_eq!(browser.get(server, "/jobs").await.status, 200);
        server.clock.advance(12 * HOUR);
        assert_eq!(browser.get(server, "/jobs").await.status, 303, "half a day of silence");
    });
}

#[test]
fn signing_out_ends_it_everywhere() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        browser.sign_in(server, "viewer").await;
        let stolen = Browser { cookies: browser.cookies.clone(), by_tls: false };
        let answer = browser.post(server, "/jobs", "/logout", &[]).await;
        assert_eq!(place(&answer), "/login");
        assert!(browser.cookies.iter().all(|(name, _)| name != "callboard_session"));
        assert_eq!(send(stolen.request(server, Method::GET, "/jobs")).await.status, 303);
    });
}

#[test]
fn a_session_ends_with_its_token() {
    test_with(tokens, async |server| {
        let mut browser = Browser::new();
        browser.sign_in(server, "viewer").await;
        server.restart_with(|config| config.auth_tokens[0].role = Role::Operator).await;
        assert!(browser.get(server, "/jobs").await.text.contains("href=\"/new\""), "the role is the token's");
        server
            .restart_with(|config| {
                config.auth_tokens[0] = Token::of_secret("viewer", Role::Viewer, "another one").unwrap();
            })
            .await;
        assert_eq!(browser.get(server, "/jobs").await.status, 303);
    });
}

#[test]
fn a_form_of_another_session_proves_nothing() {
    test_with(tokens, async |server| {
        let (mut one, mut two) = (Browser::new(), Browser::new());
        one.sign_in(server, "operator").await;
        two.sign_in(server, "operator").await;
        let proof = field(&one.get(server, "/types").await.text, "callboard_csrf");
        let other = field(&two.get(server, "/types").await.text, "callboard_csrf");
        assert_ne!(proof, other);
        for bad in [other.as_str(), "", "x"] {
            assert_eq!(one.post_proven(server, "/pause", bad, &[]).await.status, 403, "{bad}");
        }
        // A cookie of the kind that visitors have who have not signed in is no way around.
        let fixed = "A".repeat(22);
        one.cookies.push(("callboard_csrf".into(), fixed.clone()));
        assert_eq!(one.post_proven(server, "/pause", &fixed, &[]).await.status, 403);
        assert_eq!(one.post_proven(server, "/pause", &proof, &[]).await.status, 303);
    });
}

#[test]
fn where_no_token_is_wanted_nobody_signs_in() {
    test(async |server| {
        assert_eq!(place(&Browser::new().get(server, "/login?next=/jobs").await), "/jobs");
    });
}

#[test]
fn behind_a_proxy_with_tls_cookies_are_for_tls_alone() {
    let behind = |config: &mut Config| {
        tokens(config);
        config.net.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    test_with(behind, async |server| {
        let mut browser = Browser { by_tls: true, ..Browser::new() };
        let (page, signed_in) =
            (browser.get(server, "/login").await, browser.sign_in(server, "viewer").await);
        let signed_out = browser.post(server, "/jobs", "/logout", &[]).await;
        for (answer, name) in
            [(page, "callboard_csrf"), (signed_in, "callboard_session"), (signed_out, "callboard_session")]
        {
            let cookies: Vec<_> =
                answer.headers.get_all(SET_COOKIE).iter().map(|c| c.to_str().unwrap()).collect();
            assert!(cookies.iter().any(|cookie| cookie.starts_with(name)), "{name}: {cookies:?}");
            assert!(cookies.iter().all(|cookie| cookie.contains("; Secure")), "{cookies:?}");
        }
    });
}

#[test]
fn who_is_no_proxy_does_not_say_what_cookies_are_for() {
    test_with(tokens, async |server| {
        let page = Browser { by_tls: true, ..Browser::new() }.get(server, "/login").await;
        assert!(!page.headers[SET_COOKIE].to_str().unwrap().contains("Secure"));
    });
}
