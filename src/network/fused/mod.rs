//! The fast implementation: input to cost to gradients without automatic differentiation.
//!
//! All weights stand in one matrix `M [1 + n_input + units, units + output]`:
//!
//! ```text
//!         units   output
//!       [ b       b_out  ]  1
//!   M = [ W_in    0      ]  n_input
//!       [ W_rec   W_out  ]  units
//! ```
//!
//! so that a time step is one product, `(1, x_t, h_{t-1}) M = (z_t, logits of h_{t-1})`; a step back is one
//! product with the transposed lower rows of `M`; and all gradients are products of the transposed rows
//! `(1, x_t, h_{t-1})` with the rows of derivatives `dz_t` and `dlogits_{t-1}`, summed over times and trials.
//!
//! Trials are cut into shards of a fixed size, each scanned from start to end by one thread. Sums over
//! trials go over shards in order, and every element of a product is one chain of fused multiply-adds, so
//! results depend neither on the number of threads nor on the instruction set.

mod activate;
mod buffer;
mod matrix;
mod memory;
mod parts;
mod product;
mod readout;
mod scan;
mod shards;

pub use memory::{recording_memory, training_memory};
pub use parts::{ScanParts, softplus_units};
pub use shards::Fused;
