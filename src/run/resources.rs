//! What the machine has, and what of it is taken.

use std::collections::BTreeMap;

use petgraph::graph::NodeIndex;

use crate::stages::Needs;

/// What can be used at a time, and by what it is.
#[derive(Debug)]
pub struct Resources {
    cores: usize,
    memory: u64,
    taken: BTreeMap<NodeIndex, Needs>,
}

impl Resources {
    /// So many cores, and so many bytes of memory.
    pub fn new(cores: usize, memory: u64) -> Self {
        Self { cores, memory, taken: BTreeMap::new() }
    }

    /// Whether there is room for something. What needs more than there is has room alone.
    pub fn has_room(&self, needs: Needs) -> bool {
        let cores: usize = self.taken.values().map(|taken| taken.cores).sum();
        let memory = self.taken.values().fold(0u64, |sum, taken| sum.saturating_add(taken.memory));
        self.taken.is_empty()
            || (cores.saturating_add(needs.cores) <= self.cores
                && memory.saturating_add(needs.memory) <= self.memory)
    }

    /// Whether there is room for the least that anything needs.
    pub fn is_full(&self) -> bool {
        !self.has_room(Needs { cores: 1, memory: 0 })
    }

    /// Takes what something needs.
    pub fn take(&mut self, node: NodeIndex, needs: Needs) {
        self.taken.insert(node, needs);
    }

    /// Gives it back.
    pub fn give_back(&mut self, node: NodeIndex) {
        self.taken.remove(&node);
    }
}

/// The memory of this machine in bytes, where it can be told.
pub fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.saturating_mul(1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(cores: usize, memory: u64) -> Needs {
        Needs { cores, memory }
    }

    #[test]
    fn cores_and_memory_are_kept_to_and_what_is_too_large_runs_alone() {
        let mut resources = Resources::new(4, 100);
        assert!(resources.has_room(needs(9, 900)));
        resources.take(NodeIndex::new(0), needs(2, 60));
        assert!(resources.has_room(needs(2, 40)));
        assert!(!resources.has_room(needs(3, 1)) && !resources.has_room(needs(1, 41)));
        resources.take(NodeIndex::new(1), needs(2, 10));
        assert!(resources.is_full());
        resources.give_back(NodeIndex::new(0));
        assert!(resources.has_room(needs(2, 90)) && !resources.is_full());
    }
}
