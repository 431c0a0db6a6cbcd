//! The list that a page's query asks for, and the links that ask for a little more or less.

use super::super::filter;
use super::super::jobs::cursor;
use super::super::problem::Problem;
use super::super::query;
use super::form::Form;
use super::zone::Zone;
use crate::domain::{JobFilter, Order, State, Timestamp};

/// The most jobs that are sorted for a page.
const MAX_SORTED: i64 = 20_000;
/// What is not a filter.
const OTHER: [&str; 2] = ["cursor", "order"];

/// The list that is asked for.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// As it was asked, times as RFC 3339; without the cursor.
    pub form: Form,
    pub filter: JobFilter,
    pub order: Order,
    pub cursor: Option<String>,
}

/// A filter that can be taken away.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Chip {
    /// The message for what is filtered.
    pub id: String,
    pub value: String,
    /// The list without it.
    pub href: String,
}

impl Wanted {
    /// Reads a query.
    ///
    /// # Errors
    /// 422 naming what is wrong.
    pub(super) fn read(given: &Form, zone: &Zone) -> Result<Self, Problem> {
        let form = given.split("tag", "tag");
        let form: Form =
            form.iter().map(|(name, value)| (name.to_owned(), time(name, value, zone))).collect();
        let mut fields = form.fields();
        let filter = filter::read(&mut fields);
        let order = fields.read("order", |g| g.text()?.parse()).unwrap_or_default();
        let cursor = fields.read("cursor", cursor);
        query::finish(fields)?;
        let form = form.without(&["cursor"]);
        Ok(match filter.check_order(order) {
            Ok(()) => Self { form, filter, order, cursor },
            // Whoever goes on to another tab leaves the order behind.
            Err(_) => Self { form, filter, order, cursor }.in_usual_order(),
        })
    }

    /// Whether the list can be ordered by priority, if it has so many jobs: they are sorted for that.
    pub(super) fn may_go_by_priority(&self, jobs: Option<i64>) -> bool {
        self.filter.check_order(Order::Priority).is_ok() && jobs.is_none_or(|jobs| jobs <= MAX_SORTED)
    }

    /// The list as it is when nothing says otherwise.
    pub(super) fn in_usual_order(self) -> Self {
        Self { form: self.form.without(&["order"]), order: Order::default(), cursor: None, ..self }
    }

    /// The filters, but for the state, which has tabs.
    pub(super) fn chips(&self, zone: &Zone) -> Vec<Chip> {
        let shown = self.form.iter().filter(|(name, _)| *name != "state" && !OTHER.contains(name));
        shown
            .map(|(name, value)| Chip {
                id: format!("filter-{}", name.replace('_', "-")),
                value: read_time(name, value).map_or_else(|| value.to_owned(), |at| zone.exact(at)),
                href: self.href(&self.form.iter().filter(|pair| *pair != (name, value)).map(own).collect()),
            })
            .collect()
    }

    /// The list with this state, or with all.
    pub(super) fn with_state(&self, state: Option<State>) -> String {
        let others = self.form.without(&["state"]);
        self.href(&state.into_iter().fold(others, |form, state| form.with("state", state.as_str())))
    }

    /// The page of the list at a cursor.
    pub(super) fn at(&self, cursor: &str) -> String {
        self.href(&self.form.clone().with("cursor", cursor))
    }

    /// The filters as a query, for bulk actions and live events.
    pub(super) fn filter_query(&self) -> String {
        self.form.without(&OTHER).to_query()
    }

    /// Whether jobs are counted by state for this list: the kept counters know types and queues.
    pub(super) fn is_counted(&self) -> bool {
        let plain =
            JobFilter { state: Vec::new(), job_type: Vec::new(), queue: Vec::new(), ..self.filter.clone() };
        plain.is_empty()
    }

    fn href(&self, form: &Form) -> String {
        match form.to_query() {
            query if query.is_empty() => "/jobs".to_owned(),
            query => format!("/jobs?{query}"),
        }
    }
}

fn own((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn read_time(name: &str, value: &str) -> Option<Timestamp> {
    value.parse().ok().filter(|_| name.starts_with("created_"))
}

/// Times may come as inputs of type `datetime-local` make them.
fn time(name: &str, value: &str, zone: &Zone) -> String {
    match zone.read(value) {
        Some(at) if name.starts_with("created_") => at.to_string(),
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Wanted, Problem> {
        Wanted::read(&Form::of_query(query), &Zone::named("Europe/Moscow").unwrap())
    }

    #[test]
    fn chips_take_one_filter_away() {
        let wanted =
            read("state=failed&tag=a,b&q=&job_type=t&created_after=2030-01-01T03:00&cursor=x&order=oldest")
                .unwrap();
        assert_eq!(wanted.filter.tag, ["a", "b"]);
        assert_eq!(wanted.filter.created_after.unwrap().to_string(), "2030-01-01T00:00:00.000Z");
        let chips = wanted.chips(&Zone::named("Europe/Moscow").unwrap());
        assert_eq!(chips.len(), 4);
        assert!(chips.iter().any(|chip| chip.value == "2030-01-01 03:00:00 MSK"), "{chips:?}");
        let tag = chips.iter().find(|chip| chip.value == "a").unwrap();
        assert!(
            !tag.href.contains("tag=a") && tag.href.contains("tag=b") && tag.href.contains("order=oldest")
        );
        assert!(!tag.href.contains("cursor"));
        assert!(wanted.with_state(None).starts_with("/jobs?") && !wanted.with_state(None).contains("state"));
        assert!(!wanted.is_counted() && read("queue=a&state=failed").unwrap().is_counted());
    }

    #[test]
    fn only_what_waits_goes_by_priority() {
        let wanted = read("state=pending&state=running&order=priority&cursor=x").unwrap();
        assert_eq!((wanted.order, wanted.may_go_by_priority(Some(9))), (Order::Priority, true));
        assert!(wanted.with_state(Some(State::Failed)).contains("order=priority"));
        for other in
            ["order=priority", "state=failed&order=priority&cursor=x", "state=pending&tag=a&order=priority"]
        {
            let wanted = read(other).unwrap();
            assert_eq!((wanted.order, wanted.may_go_by_priority(Some(9))), (Order::Newest, false), "{other}");
            assert!(!wanted.may_go_by_priority(None), "{other}");
            assert!(wanted.cursor.is_none() && !wanted.with_state(None).contains("order"), "{other}");
        }
    }

    #[test]
    fn a_long_list_is_not_sorted() {
        let wanted = read("state=pending&order=priority&cursor=x").unwrap();
        assert!(!wanted.may_go_by_priority(Some(MAX_SORTED + 1)));
        let usual = wanted.in_usual_order();
        assert_eq!((usual.order, &usual.cursor, usual.filter.state.len()), (Order::Newest, &None, 1));
    }

    #[test]
    fn what_is_unknown_is_named() {
        let problem = read("stat=failed&created_after=yesterday").unwrap_err();
        let mut fields: Vec<_> = problem.errors().iter().map(|e| e.field.as_str()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["created_after", "stat"]);
    }
}
