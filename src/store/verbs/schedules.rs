//! Schedules: making, changing, pausing and deleting them. [`super::fire`] makes them run.

use diesel::sql_types::Text;

use crate::domain::Timestamp;
use crate::domain::schedule::{Owner, Schedule, ScheduleSpec};
use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::views;

statement!(
    Insert,
    "INSERT INTO schedules (name, spec, owner, paused, next_run_at, version, last_number, created_at, updated_at) \
     VALUES (?, ?, ?, ?, ?, 1, 0, ?, ?)"
);
statement!(
    Change,
    "UPDATE schedules SET spec = ?, owner = ?, paused = ?, next_run_at = ?, version = version + 1, updated_at = ? \
     WHERE name = ?"
);
statement!(
    SetPaused,
    "UPDATE schedules SET paused = ?, next_run_at = ?, version = version + 1, updated_at = ? WHERE name = ?"
);
statement!(Delete, "DELETE FROM schedules WHERE name = ?");
statement!(DeleteRuns, "DELETE FROM schedule_runs WHERE schedule = ?");
statement!(Owned, "SELECT name FROM schedules WHERE owner = ? ORDER BY name");

/// A schedule to be made or changed.
#[derive(Clone, Debug)]
pub struct Given {
    /// Picks it.
    pub name: String,
    /// What it is to do.
    pub spec: ScheduleSpec,
    /// `None`: as it is, and a new one goes.
    pub paused: Option<bool>,
}

/// Makes a schedule, or changes the one of that name unless it must be `new`. Returns whether it is
/// new.
///
/// # Errors
/// Refused when it is there and should be new, or stands in the configuration.
pub fn put(tx: &mut Tx<'_>, given: &Given, new: bool, now: Timestamp) -> StoreResult<bool> {
    tx.alone()?;
    match views::schedules::schedule(tx.conn()?, &given.name)? {
        Some(_) if new => Err(Error::Conflict(format!(
            "schedule {} is there already; PUT /api/schedules/{0} changes it",
            given.name
        ))
        .into()),
        Some(there) => {
            refuse_configured(&there)?;
            change(tx, &there, given, Owner::Api, now).map(|()| false)
        }
        None => insert(tx, given, Owner::Api, now).map(|()| true),
    }
}

/// Makes the schedules of the configuration what it says: new ones are made, changed ones changed,
/// those that it names no more deleted. Whether one is paused stays as it was.
pub fn configure(tx: &mut Tx<'_>, wanted: &[Given], now: Timestamp) -> StoreResult<()> {
    tx.alone()?;
    let kept: Vec<String> = tx.load::<Owned, Text, _>(binds![Owner::Config.as_str()])?;
    for gone in kept.iter().filter(|name| !wanted.iter().any(|given| given.name == **name)) {
        remove(tx, gone)?;
    }
    for given in wanted {
        let Some(there) = views::schedules::schedule(tx.conn()?, &given.name)? else {
            insert(tx, given, Owner::Config, now)?;
            continue;
        };
        if there.owner != Owner::Config || there.spec != given.spec {
            let given = Given { paused: None, ..given.clone() };
            change(tx, &there, &given, Owner::Config, now)?;
        }
    }
    Ok(())
}

/// Stops a schedule, or lets it go on with its next due time after now: what came due meanwhile was
/// not missed.
///
/// # Errors
/// Refused when there is none of that name.
pub fn pause(tx: &mut Tx<'_>, name: &str, paused: bool, now: Timestamp) -> StoreResult<()> {
    tx.alone()?;
    let there = known(tx, name)?;
    if there.paused == paused {
        return Ok(());
    }
    let next = next_of(&there, &there.spec, paused, now);
    tx.run::<SetPaused>(binds![paused, next, now, name])?;
    announce(tx, paused, next);
    Ok(())
}

/// Deletes a schedule with its history. Its jobs stay.
///
/// # Errors
/// Refused when there is none of that name, or it stands in the configuration.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> StoreResult<()> {
    let there = known(tx, name)?;
    refuse_configured(&there)?;
    remove(tx, name)
}

/// The schedule of a name.
pub(super) fn known(tx: &mut Tx<'_>, name: &str) -> StoreResult<Schedule> {
    let found = views::schedules::schedule(tx.conn()?, name)?;
    found.ok_or_else(|| Error::NotFound(format!("schedule {name}")).into())
}

fn refuse_configured(there: &Schedule) -> StoreResult<()> {
    match there.owner {
        Owner::Api => Ok(()),
        Owner::Config => Err(Error::Conflict(format!(
            "schedule {} stands in the configuration: change it there and start the server anew; here it can \
             be paused, resumed and run",
            there.name
        ))
        .into()),
    }
}

fn insert(tx: &mut Tx<'_>, given: &Given, owner: Owner, now: Timestamp) -> StoreResult<()> {
    let paused = given.paused.unwrap_or_default();
    let next = given.spec.timing.first(now);
    tx.run::<Insert>(binds![&given.name, &spec_text(&given.spec)?, owner.as_str(), paused, next, now, now])?;
    announce(tx, paused, next);
    Ok(())
}

fn change(tx: &mut Tx<'_>, there: &Schedule, given: &Given, owner: Owner, now: Timestamp) -> StoreResult<()> {
    let paused = given.paused.unwrap_or(there.paused);
    let next = next_of(there, &given.spec, paused, now);
    let spec = spec_text(&given.spec)?;
    tx.run::<Change>(binds![&spec, owner.as_str(), paused, next, now, &given.name])?;
    announce(tx, paused, next);
    Ok(())
}

/// When a schedule is due next after a change: as before while its timing stays and it does not come
/// out of a pause.
fn next_of(there: &Schedule, spec: &ScheduleSpec, paused: bool, now: Timestamp) -> Option<Timestamp> {
    match there.next_run_at {
        Some(due) if there.spec.timing == spec.timing => {
            if there.paused && !paused {
                spec.timing.next(due, now)
            } else {
                Some(due)
            }
        }
        _ => spec.timing.first(now),
    }
}

fn remove(tx: &mut Tx<'_>, name: &str) -> StoreResult<()> {
    tx.run::<DeleteRuns>(binds![name])?;
    tx.run::<Delete>(binds![name]).map(|_| ())
}

fn announce(tx: &mut Tx<'_>, paused: bool, next: Option<Timestamp>) {
    if let Some(at) = next.filter(|_| !paused) {
        tx.fires(at);
    }
}

fn spec_text(spec: &ScheduleSpec) -> StoreResult<String> {
    serde_json::to_string(spec)
        .map_err(|e| Error::invalid("args", format!("cannot be written as JSON: {e}")).into())
}
