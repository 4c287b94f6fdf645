//! The machine file: what is no science and so never stands in an experiment. Its values are the
//! defaults of the flags of the same name; flags and environment come first.
//!
//! It is the file that `RNNWM_MACHINE` names (none if that is empty), else `machine.toml` in the working folder,
//! else `rnnwm/machine.toml` in the user's folder of configurations.

use std::path::PathBuf;

use clap::{Arg, Command};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::experiment::{Problem, Problems, Sources, parse_toml, schema};

use super::failure::Failure;
use super::run::size;

/// The name of the file.
const FILE: &str = "machine.toml";

/// What a machine file may say.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Machine {
    /// The store of results.
    store: Option<String>,
    /// Where figures, tables and reports go.
    outputs: Option<String>,
    /// Where models are laid out.
    data: Option<String>,
    /// Stages at a time, and threads of those that use several.
    #[schemars(range(min = 1, max = 65_535))]
    jobs: Option<u32>,
    /// Memory that stages may use together, such as "16 GB".
    memory: Option<String>,
    /// Whether to wait until the disk has what is stored.
    sync: Option<bool>,
}

impl Machine {
    /// Reads the machine file, if there is one.
    ///
    /// # Errors
    /// If it cannot be read, or something in it is wrong.
    pub fn load() -> Result<Self, Failure> {
        let Some(path) = find() else { return Ok(Self::default()) };
        let text =
            std::fs::read_to_string(&path).map_err(|source| Failure::File { path: path.clone(), source })?;
        Self::parse(&path.display().to_string(), &text).map_err(Failure::Machine)
    }

    fn parse(name: &str, text: &str) -> Result<Self, Problems> {
        let mut sources = Sources::default();
        let index = sources.add(name, text);
        let (root, mut problems) = parse_toml(&sources, index);
        let rules = schemars::schema_for!(Self).to_value();
        if problems.is_empty() {
            problems = schema::check(&rules, &root, "the machine file");
        }
        let memory = root.entry("memory").map(|entry| &entry.node);
        if let Some((node, text)) = memory.and_then(|node| Some((node, node.as_str()?)))
            && let Err(wrong) = size(text)
        {
            problems.push(Problem::at(node.span, "`memory` is no amount of memory", "set here").help(wrong));
        }
        if !problems.is_empty() {
            return Err(Problems::new(problems, &sources));
        }
        let read = serde_json::from_value(root.to_json());
        read.map_err(|error| Problems::new(vec![Problem::at(root.span, error.to_string(), "here")], &sources))
    }

    /// The command with what the file says as defaults, in all its subcommands.
    pub fn defaults(&self, command: Command) -> Command {
        command
            .mut_args(|arg| match self.default_of(&arg) {
                Some(value) => arg.default_value(value),
                None => arg,
            })
            .mut_subcommands(|subcommand| self.defaults(subcommand))
    }

    fn default_of(&self, arg: &Arg) -> Option<String> {
        match arg.get_id().as_str() {
            "store" => self.store.clone(),
            "outputs" => self.outputs.clone(),
            "data" => self.data.clone(),
            "jobs" => self.jobs.map(|jobs| jobs.to_string()),
            "memory" => self.memory.clone(),
            "no_sync" => self.sync.map(|sync| (!sync).to_string()),
            _ => None,
        }
    }
}

fn find() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("RNNWM_MACHINE") {
        return Some(PathBuf::from(named)).filter(|path| !path.as_os_str().is_empty());
    }
    let here = Some(PathBuf::from(FILE));
    let user = configuration().map(|folder| folder.join("rnnwm").join(FILE));
    here.into_iter().chain(user).find(|path| path.is_file())
}

fn configuration() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))
}
