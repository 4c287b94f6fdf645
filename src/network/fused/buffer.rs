//! Memory that vectors can be loaded from without crossing cache lines.

use std::ops::{Deref, DerefMut};

/// Numbers of a cache line; the unit that widths of arrays are padded to.
pub const LINE: usize = 16;
const LINE_BYTES: usize = LINE * size_of::<f32>();

/// `width` rounded up to whole cache lines.
pub fn padded(width: usize) -> usize {
    width.next_multiple_of(LINE)
}

/// The distance between rows of `width` numbers: an odd number of cache lines, so that rows below one
/// another do not compete for the same places in the cache.
pub fn stride(width: usize) -> usize {
    LINE * (width.div_ceil(LINE) | 1)
}

/// Numbers that start at a cache line.
#[derive(Clone, Debug, Default)]
pub struct Buffer {
    values: Vec<f32>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let values = vec![0.0f32; len + LINE - 1];
        let start = values.as_ptr().align_offset(LINE_BYTES).min(LINE - 1);
        Self { values, start, len }
    }

    /// Makes room for `len` numbers; what they are is not defined.
    pub fn reserve(&mut self, len: usize) {
        if self.start + len > self.values.len() {
            *self = Self::zeros(len);
        }
        self.len = len;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        &self.values[self.start..self.start + self.len]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut self.values[self.start..self.start + self.len]
    }
}
