//! The stage graph: which stages there are and what they refer to, their instances along the axes,
//! their keys, and what is known, what must run, and why.

mod build;
mod estimate;
mod expand;
mod instance;
mod lost;
mod only;
mod planner;
mod reason;
mod resolved;
mod settle;
mod stages;
mod tasks;
mod why;

pub use estimate::Estimates;
pub use instance::{Instance, Item, State, file_name};
pub use planner::{Plan, PlanError};
pub use reason::{Difference, Reason, brief, changes};
pub use resolved::resolved;
pub use stages::{StageNode, StageTable};
pub use tasks::task_schema;
pub use why::{Explanation, Last, Standing};
