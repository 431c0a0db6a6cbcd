//! Jobs that belong together: made, called off and tried again as one, and deleted as one.

mod add;
mod cancel;
mod expire;
mod nested;
mod nodes;
mod retry;
mod roll_up;
mod start;

pub use add::{Adder, Addition, add};
pub use cancel::cancel;
pub use expire::{Expired, Mark, expire};
pub(in crate::store::verbs) use nested::orphan;
pub use nodes::PreparedNode;
pub(in crate::store::verbs) use nodes::by_name;
pub use retry::{From, retry};
pub(in crate::store) use roll_up::roll_up;
pub use start::{PreparedWorkflow, start};

use crate::error::Error;
use crate::store::error::StoreResult;
use crate::store::sql::{binds, statement};
use crate::store::tx::Tx;
use crate::store::workflow_row::{COLUMNS, WorkflowRow, WorkflowSql};

statement!(Whole, |dialect| format!("SELECT {COLUMNS} FROM workflows WHERE id = ?{}", dialect.lock()));

/// A workflow as it is now, with what this transaction has changed so far.
pub(in crate::store::verbs) fn find(tx: &mut Tx<'_>, id: i64) -> StoreResult<WorkflowRow> {
    roll_up(tx)?;
    let rows: Vec<WorkflowRow> = tx.load::<Whole, WorkflowSql, _>(binds![id])?;
    rows.into_iter().next().ok_or_else(|| Error::NotFound(format!("workflow {id}")).into())
}
