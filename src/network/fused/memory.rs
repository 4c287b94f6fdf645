//! About how much memory the fast implementation takes, so that no more runs side by side than a machine can
//! hold.

use super::matrix::Shape;
use super::scan::Workspace;
use super::shards::shards;
use crate::network::architecture::Architecture;

/// Bytes that training steps take: the history of the shards that the threads of the current rayon pool
/// scan at a time, and for every shard its gradients; weights, and what an optimiser remembers.
pub fn training_memory(architecture: &Architecture, steps: usize, batch_size: usize) -> u64 {
    let shape = Shape::new(architecture);
    let shards = shards(batch_size);
    let largest = shards.first().map_or(0, ExactSizeIterator::len);
    let history = Workspace::whole_size(shape, steps, largest)
        .saturating_mul(shards.len().min(rayon::current_num_threads()));
    bytes(history.saturating_add(shape.gradients_size().saturating_mul(shards.len() + 8)))
}

/// Bytes that a recording of so many trials takes: hidden states and outputs of every time.
pub fn recording_memory(architecture: &Architecture, steps: usize, trials: usize) -> u64 {
    let each = architecture.units + architecture.n_output;
    bytes(steps.saturating_mul(trials).saturating_mul(each))
}

fn bytes(floats: usize) -> u64 {
    (floats as u64).saturating_mul(size_of::<f32>() as u64)
}
