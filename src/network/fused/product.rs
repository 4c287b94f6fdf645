//! The matrix product that takes nearly all the time.

#![expect(unsafe_code, reason = "checking the bounds of every element would cost more than multiplying it")]

use pulp::{Simd, WithSimd};

use super::buffer::LINE;

/// Columns of a packed panel.
pub const PANEL: usize = 64;
/// Rows of the largest tile that is kept in registers.
const TILE_ROWS: usize = 6;

/// The left factor `[rows, depth]`: element `(row, k)` stands at `row * row_stride + k * depth_stride`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub rows: usize,
    pub depth: usize,
    pub row_stride: usize,
    pub depth_stride: usize,
}

/// The right factor, or a part of it: as many rows as the left one is deep, and the columns up to its end,
/// which are whole cache lines.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    values: &'a [f32],
    first_row: usize,
    first_column: usize,
    columns: usize,
    layout: Layout,
}

/// How the right factor stands in memory.
#[derive(Clone, Copy)]
enum Layout {
    /// Panels of [`PANEL`] columns (the last may be narrower) one after another, row by row; of so many rows.
    Packed { depth: usize },
    /// Row by row.
    Rows { stride: usize },
}

impl<'a> Right<'a> {
    /// A factor of `depth` rows, in panels of [`PANEL`] columns (the last may be narrower) one after another.
    pub fn packed(values: &'a [f32], depth: usize, columns: usize) -> Self {
        Self { values, first_row: 0, first_column: 0, columns, layout: Layout::Packed { depth } }
    }

    /// A factor row by row, its rows `stride` numbers apart.
    pub fn by_rows(values: &'a [f32], columns: usize, stride: usize) -> Self {
        Self { values, first_row: 0, first_column: 0, columns, layout: Layout::Rows { stride } }
    }

    /// The rows from this one on.
    pub fn rows_from(self, first_row: usize) -> Self {
        Self { first_row, ..self }
    }

    /// The panels that hold the columns from this one on.
    pub fn columns_from(self, column: usize) -> Self {
        Self { first_column: column / PANEL * PANEL, ..self }
    }

    /// Where the panel that starts at `column` starts, and the distance of its rows.
    fn panel(&self, column: usize) -> (usize, usize) {
        let (start, stride) = match self.layout {
            Layout::Packed { depth } => (column * depth, PANEL.min(self.columns - column)),
            Layout::Rows { stride } => (column, stride),
        };
        (start + self.first_row * stride, stride)
    }

    /// How many numbers there must be for so many rows to be read.
    fn needed(&self, rows: usize) -> usize {
        match self.layout {
            Layout::Packed { depth } => {
                assert!(self.first_row + rows <= depth);
                depth * self.columns
            }
            Layout::Rows { stride } => (self.first_row + rows - 1) * stride + self.columns,
        }
    }
}

/// `sum += left right`. Every element is one chain of fused multiply-adds over `k` in order, starting with
/// what stands there.
pub struct Product<'a> {
    pub left: Left<'a>,
    pub right: Right<'a>,
    /// `[rows, columns]`.
    pub sum: &'a mut [f32],
    pub sum_stride: usize,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        if self.left.rows == 0 || self.left.depth == 0 {
            return;
        }
        self.check();
        for column in (self.right.first_column..self.right.columns).step_by(PANEL) {
            let width = PANEL.min(self.right.columns - column);
            match (S::F32_LANES, width / LINE) {
                (16, 4) => self.tiles::<S, 4>(simd, column, 0),
                (16, 3) => self.tiles::<S, 3>(simd, column, 0),
                (16, 2) => self.tiles::<S, 2>(simd, column, 0),
                (16, _) => self.tiles::<S, 1>(simd, column, 0),
                (8, _) => (0..width).step_by(16).for_each(|at| self.tiles::<S, 2>(simd, column, at)),
                (lanes, _) => {
                    assert!(LINE.is_multiple_of(4 * lanes));
                    (0..width).step_by(4 * lanes).for_each(|at| self.tiles::<S, 4>(simd, column, at));
                }
            }
        }
    }
}

impl Product<'_> {
    /// Panics unless every element that a tile touches exists.
    fn check(&self) {
        let Left { values, rows, depth, row_stride, depth_stride } = self.left;
        let Right { columns, .. } = self.right;
        assert!((rows - 1) * row_stride + (depth - 1) * depth_stride < values.len());
        assert!(columns.is_multiple_of(LINE) && (rows - 1) * self.sum_stride + columns <= self.sum.len());
        assert!(self.right.needed(depth) <= self.right.values.len());
    }

    /// All rows of the columns from `column + at` on that `V` vectors hold.
    #[inline(always)]
    fn tiles<S: Simd, const V: usize>(&mut self, simd: S, column: usize, at: usize) {
        let (start, stride) = self.right.panel(column);
        for row in (0..self.left.rows).step_by(TILE_ROWS) {
            // SAFETY: `check` has passed, `row` is below its bounds, and so are the columns, which are whole
            // lines and so a whole number of tiles.
            unsafe {
                let left = self.left.values.as_ptr().add(row * self.left.row_stride);
                let right = (self.right.values.as_ptr().add(start + at), stride);
                let sum = self.sum.as_mut_ptr().add(row * self.sum_stride + column + at);
                match self.left.rows - row {
                    1 => self.tile::<S, 1, V>(simd, left, right, sum),
                    2 => self.tile::<S, 2, V>(simd, left, right, sum),
                    3 => self.tile::<S, 3, V>(simd, left, right, sum),
                    4 => self.tile::<S, 4, V>(simd, left, right, sum),
                    5 => self.tile::<S, 5, V>(simd, left, right, sum),
                    _ => self.tile::<S, TILE_ROWS, V>(simd, left, right, sum),
                }
            }
        }
    }

    /// One tile of `R` rows and `V` vectors, kept in registers over the whole depth.
    ///
    /// # Safety
    /// `left`, `right` (with the distance of its rows) and `sum` point at the first elements of the tile, and
    /// all elements of the tile exist.
    #[inline(always)]
    unsafe fn tile<S: Simd, const R: usize, const V: usize>(
        &self,
        simd: S,
        mut left: *const f32,
        (mut right, right_stride): (*const f32, usize),
        sum: *mut f32,
    ) {
        let Left { depth, row_stride, depth_stride, .. } = self.left;
        // SAFETY: the caller's promise; vectors are read and written without regard to alignment.
        unsafe {
            let at = |r: usize, v: usize| sum.add(r * self.sum_stride + v * S::F32_LANES).cast::<S::f32s>();
            let mut tile = [[simd.splat_f32s(0.0); V]; R];
            for (r, row) in tile.iter_mut().enumerate() {
                for (v, vector) in row.iter_mut().enumerate() {
                    *vector = at(r, v).read_unaligned();
                }
            }
            for _ in 0..depth {
                let mut columns = [simd.splat_f32s(0.0); V];
                for (v, vector) in columns.iter_mut().enumerate() {
                    *vector = right.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned();
                }
                for (r, row) in tile.iter_mut().enumerate() {
                    let factor = simd.splat_f32s(*left.add(r * row_stride));
                    for (vector, column) in row.iter_mut().zip(columns) {
                        *vector = simd.mul_add_f32s(factor, column, *vector);
                    }
                }
                left = left.wrapping_add(depth_stride);
                right = right.wrapping_add(right_stride);
            }
            for (r, row) in tile.into_iter().enumerate() {
                for (v, vector) in row.into_iter().enumerate() {
                    at(r, v).write_unaligned(vector);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::buffer::padded;
    use super::super::matrix::packed;
    use super::*;
    use crate::random::{Stream, fill_normal};
    use crate::simd::Instructions;

    fn values(array: u32, len: usize) -> Vec<f32> {
        let mut out = vec![0.0; len];
        fill_normal(Instructions::best(), &Stream::new(1, "test"), [array, 0, 0], 1.0, &mut out);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn every_element_is_one_chain(rows in 1usize..20, depth in 1usize..40, columns in 1usize..150) {
            let (a, b) = (values(0, rows * depth), values(1, depth * columns));
            let width = padded(columns);
            let start = values(2, rows * width);
            let mut expected = start.clone();
            for row in 0..rows {
                for column in 0..columns {
                    for k in 0..depth {
                        let sum = &mut expected[row * width + column];
                        *sum = a[row * depth + k].mul_add(b[k * columns + column], *sum);
                    }
                }
            }
            let packed = packed(depth, columns, &b);
            let spread: Vec<f32> = b.chunks(columns).flat_map(|row| [row, &vec![0.0; width - columns]].concat()).collect();
            let transposed: Vec<f32> = (0..depth * rows).map(|at| a[at % rows * depth + at / rows]).collect();
            for instructions in Instructions::available() {
                let left = Left { values: &a, rows, depth, row_stride: depth, depth_stride: 1 };
                let right = Right::packed(&packed, depth, width);
                let mut sum = start.clone();
                instructions.run(Product { left, right, sum: &mut sum, sum_stride: width });
                prop_assert!(sum == expected);

                let left = Left { values: &transposed, rows, depth, row_stride: 1, depth_stride: rows };
                let right = Right::by_rows(&spread, width, width);
                let mut sum = start.clone();
                instructions.run(Product { left, right, sum: &mut sum, sum_stride: width });
                prop_assert!(sum == expected);
            }
        }
    }
}
