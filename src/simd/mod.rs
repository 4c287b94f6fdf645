//! Vector instructions chosen at run time, and elementary functions that give the same bits on all of them.

mod instructions;
pub(crate) mod math;

pub use instructions::Instructions;
