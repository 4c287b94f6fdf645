//! The stage graph: which stages there are and what they refer to, their instances along the axes,
//! their keys, and what is known, what must run, and why.

mod amounts;
mod build;
mod derive;
mod estimate;
mod execution;
mod expand;
mod inputs;
mod instance;
mod lost;
mod only;
mod planner;
mod reason;
mod resolved;
mod roots;
mod selector;
mod settle;
mod stages;
mod tasks;
mod why;

pub use amounts::bytes;
pub use estimate::Estimates;
pub use execution::{Amount, Execution};
pub use instance::{Instance, Item, State, file_name};
pub use planner::{Plan, PlanError};
pub use reason::{Difference, Reason, brief, changes};
pub use resolved::resolved;
pub use roots::Roots;
pub use stages::{StageNode, StageTable};
pub use tasks::task_schema;
pub use why::{Explanation, Last, Standing};
