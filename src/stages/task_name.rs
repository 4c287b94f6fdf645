//! The name of a task as a parameter.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The name of a task: of the experiment's own, of the model's, or built in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "task"))]
pub struct TaskName(pub String);
