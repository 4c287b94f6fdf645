//! The one source of randomness: counter-based, so a number depends on its name alone.

mod normal;
mod philox;

pub use normal::fill_normal;
pub use philox::{Stream, philox};
