//! What is known of a model without opening it: how it computes, and what it was trained on.

use crate::experiment::{hint, nearest};
use crate::tasks::Task;
use crate::training::Dynamics;

use super::kind::{Complaint, Scope};

/// The output of a model that lists its checkpoints by trials trained, where some of those that its log
/// tells of may be missing.
pub const CHECKPOINTS: &str = "checkpoints";

/// A task with the name that the experiment gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTask {
    /// Its name in the experiment.
    pub name: String,
    /// What it is.
    pub task: Task,
    /// Its rule unit, counted from 0.
    pub rule: usize,
}

/// A model as planning knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelSpec {
    /// How it computes.
    pub dynamics: Dynamics,
    /// What it was trained on.
    pub tasks: Vec<NamedTask>,
    /// The seed of its training; simulations of it are seeded by it too.
    pub seed: u64,
}

impl ModelSpec {
    /// The task of this model that `name` means: the one of that name, or the only one of that family.
    ///
    /// # Errors
    /// If no task or more than one could be meant.
    pub fn task(&self, path: &str, name: &str) -> Result<usize, Complaint> {
        if let Some(index) = self.tasks.iter().position(|task| task.name == name) {
            return Ok(index);
        }
        let is = |task: &&NamedTask| task.task.family() == name || task.task.name() == name;
        let fitting: Vec<&NamedTask> = self.tasks.iter().filter(is).collect();
        match fitting.as_slice() {
            [] => {
                let complaint = Complaint::new(path, format!("the model was not trained on `{name}`"));
                Err(match nearest(name, self.tasks.iter().map(|task| task.name.as_str())) {
                    Some(near) => {
                        complaint.help(format!("did you mean `{near}`? its tasks: {}", self.list()))
                    }
                    None => complaint.help(format!("its tasks: {}", self.list())),
                })
            }
            [only] => Ok(self.tasks.iter().position(|task| task == *only).unwrap_or_default()),
            several => {
                let names: Vec<&str> = several.iter().map(|task| task.name.as_str()).collect();
                Err(Complaint::new(path, format!("`{name}` could be more than one task of the model"))
                    .help(format!("name one of {}", names.join(", "))))
            }
        }
    }

    /// The names of its tasks, for messages.
    pub fn list(&self) -> String {
        self.tasks.iter().map(|task| task.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

/// A task by its name in the experiment or its built-in name.
///
/// # Errors
/// If there is no such task.
pub fn find_task(path: &str, name: &str, scope: &Scope) -> Result<Task, Complaint> {
    if let Some(task) = scope.tasks.get(name) {
        return Ok(*task);
    }
    Task::named(name).ok_or_else(|| {
        let known = scope.tasks.keys().map(String::as_str).chain(Task::KINDS);
        Complaint::new(path, format!("there is no task `{name}`")).help(hint(name, "known", known))
    })
}
