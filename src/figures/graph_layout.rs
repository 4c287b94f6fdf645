//! Where the boxes of a graph stand and its lines run: a layered drawing from left to right, after
//! Sugiyama, Tagawa & Toda (1981), *IEEE Trans. Syst. Man Cybern.* 11:109.

/// How often the order within layers is tried to be made better.
const SWEEPS: usize = 16;
/// How often boxes are pulled towards what they are joined with.
const PULLS: usize = 24;

/// Distances in mm.
pub(super) struct Spacing {
    /// Between layers.
    pub layers: f64,
    /// Between neighbours in a layer.
    pub boxes: f64,
    /// Between a line that passes a layer and its neighbours.
    pub lines: f64,
}

/// A drawing in mm from its upper left corner.
pub(super) struct GraphLayout {
    /// Left and middle of each box.
    pub boxes: Vec<(f64, f64)>,
    /// For each edge its straight pieces, each as left, right and height: from its first box to the end of
    /// that layer, through the layers between, and at its last box.
    pub routes: Vec<Vec<(f64, f64, f64)>>,
    pub width: f64,
    pub height: f64,
}

/// A box, or the place where an edge passes a layer.
struct Vertex {
    layer: usize,
    height: f64,
    passes: bool,
    y: f64,
    left: Vec<usize>,
    right: Vec<usize>,
}

/// Lays out boxes of the given width and height. Edges lead from lower to higher positions; others are
/// left out.
pub(super) fn lay_out(sizes: &[(f64, f64)], edges: &[(usize, usize)], spacing: &Spacing) -> GraphLayout {
    let edges: Vec<(usize, usize)> =
        edges.iter().copied().filter(|(from, to)| from < to && *to < sizes.len()).collect();
    let (mut vertices, chains) = vertices(sizes, &edges);
    let layer_count = vertices.iter().map(|vertex| vertex.layer + 1).max().unwrap_or(0);
    let mut layers: Vec<Vec<usize>> = vec![Vec::new(); layer_count];
    for (at, vertex) in vertices.iter().enumerate() {
        layers[vertex.layer].push(at);
    }
    untangle(&vertices, &mut layers);
    place(&mut vertices, &layers, spacing);
    let top = vertices.iter().map(|vertex| vertex.y - vertex.height / 2.0).fold(f64::INFINITY, f64::min);
    let bottom = vertices.iter().map(|vertex| vertex.y + vertex.height / 2.0).fold(0.0, f64::max);
    let widths: Vec<f64> = layers
        .iter()
        .map(|layer| layer.iter().filter_map(|at| sizes.get(*at)).map(|size| size.0).fold(0.0, f64::max))
        .collect();
    let mut lefts = Vec::new();
    let mut x = 0.0;
    for width in &widths {
        lefts.push(x);
        x += width + spacing.layers;
    }
    let y = |at: usize| vertices[at].y - top;
    let routes = edges.iter().zip(&chains).map(|((from, _), chain)| {
        let place = |at: &usize| {
            let layer = vertices[*at].layer;
            let left = lefts[layer];
            // An edge begins at the right of its box.
            let begin = if at == from { left + sizes[*from].0 } else { left };
            (begin, left + widths[layer], y(*at))
        };
        chain.iter().map(place).collect()
    });
    GraphLayout {
        routes: routes.collect(),
        boxes: (0..sizes.len()).map(|at| (lefts[vertices[at].layer], y(at))).collect(),
        width: (x - spacing.layers).max(0.0),
        height: if sizes.is_empty() { 0.0 } else { bottom - top },
    }
}

/// The boxes, and a vertex wherever an edge passes a layer; for each edge its chain of vertices.
fn vertices(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> (Vec<Vertex>, Vec<Vec<usize>>) {
    let mut layer = vec![0usize; sizes.len()];
    let mut sorted = edges.to_vec();
    sorted.sort_unstable_by_key(|(from, to)| (*to, *from));
    for (from, to) in sorted {
        layer[to] = layer[to].max(layer[from] + 1);
    }
    let vertex =
        |layer, height, passes| Vertex { layer, height, passes, y: 0.0, left: vec![], right: vec![] };
    let mut vertices: Vec<Vertex> =
        sizes.iter().zip(&layer).map(|((_, height), layer)| vertex(*layer, *height, false)).collect();
    let mut chains = Vec::new();
    for &(from, to) in edges {
        let mut chain = vec![from];
        for passed in layer[from] + 1..layer[to] {
            chain.push(vertices.len());
            vertices.push(vertex(passed, 0.0, true));
        }
        chain.push(to);
        for pair in chain.windows(2) {
            vertices[pair[0]].right.push(pair[1]);
            vertices[pair[1]].left.push(pair[0]);
        }
        chains.push(chain);
    }
    (vertices, chains)
}

/// Orders each layer so that few edges cross: by the mean position of what is joined, to and fro.
fn untangle(vertices: &[Vertex], layers: &mut [Vec<usize>]) {
    let mut position = vec![0usize; vertices.len()];
    let number = |layer: &[usize], position: &mut Vec<usize>| {
        layer.iter().enumerate().for_each(|(order, at)| position[*at] = order);
    };
    layers.iter().for_each(|layer| number(layer, &mut position));
    let mut best = (crossings(vertices, layers, &position), layers.to_vec());
    for sweep in 0..SWEEPS {
        let rightwards = sweep % 2 == 0;
        for step in 0..layers.len() {
            let layer = &mut layers[if rightwards { step } else { best.1.len() - 1 - step }];
            let mean = |at: &usize| {
                let joined = if rightwards { &vertices[*at].left } else { &vertices[*at].right };
                let sum: usize = joined.iter().map(|other| position[*other]).sum();
                if joined.is_empty() { position[*at] as f64 } else { sum as f64 / joined.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = layer.iter().map(|at| (mean(at), *at)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            *layer = keyed.into_iter().map(|(_, at)| at).collect();
            number(layer, &mut position);
        }
        let count = crossings(vertices, layers, &position);
        if count < best.0 {
            best = (count, layers.to_vec());
        }
    }
    layers.clone_from_slice(&best.1);
}

/// How many pairs of edges cross.
fn crossings(vertices: &[Vertex], layers: &[Vec<usize>], position: &[usize]) -> usize {
    let between = |layer: &Vec<usize>| {
        let ends = layer.iter().flat_map(|at| {
            let mut ends: Vec<usize> = vertices[*at].right.iter().map(|other| position[*other]).collect();
            ends.sort_unstable();
            ends
        });
        inversions(&ends.collect::<Vec<_>>())
    };
    layers.iter().map(between).sum()
}

/// How many pairs are out of order, by merging.
fn inversions(values: &[usize]) -> usize {
    fn sorted(values: &[usize]) -> (Vec<usize>, usize) {
        if values.len() < 2 {
            return (values.to_vec(), 0);
        }
        let ((left, one), (right, other)) =
            (sorted(&values[..values.len() / 2]), sorted(&values[values.len() / 2..]));
        let (mut merged, mut count, mut taken) = (Vec::with_capacity(values.len()), one + other, 0);
        for value in right {
            while left.get(taken).is_some_and(|left| *left <= value) {
                merged.push(left[taken]);
                taken += 1;
            }
            count += left.len() - taken;
            merged.push(value);
        }
        merged.extend_from_slice(&left[taken..]);
        (merged, count)
    }
    sorted(values).1
}

/// Heights: everything as near as its neighbours in the layer allow to the mean of what it is joined with.
fn place(vertices: &mut [Vertex], layers: &[Vec<usize>], spacing: &Spacing) {
    for layer in layers {
        let gaps = gaps(vertices, layer, spacing);
        let mut y = 0.0;
        for (at, gap) in layer.iter().zip(gaps) {
            y += gap;
            vertices[*at].y = y;
        }
    }
    for pull in 0..PULLS {
        for step in 0..layers.len() {
            let layer = &layers[if pull % 2 == 0 { step } else { layers.len() - 1 - step }];
            let wanted: Vec<f64> = layer
                .iter()
                .map(|at| {
                    let vertex = &vertices[*at];
                    let joined: Vec<f64> =
                        vertex.left.iter().chain(&vertex.right).map(|other| vertices[*other].y).collect();
                    if joined.is_empty() {
                        vertex.y
                    } else {
                        joined.iter().sum::<f64>() / joined.len() as f64
                    }
                })
                .collect();
            let gaps = gaps(vertices, layer, spacing);
            for (at, y) in layer.iter().zip(spread(&wanted, &gaps)) {
                vertices[*at].y = y;
            }
        }
    }
}

/// For each of a layer, the least distance to the one before it.
fn gaps(vertices: &[Vertex], layer: &[usize], spacing: &Spacing) -> Vec<f64> {
    let between = |pair: &[usize]| {
        let (above, below) = (&vertices[pair[0]], &vertices[pair[1]]);
        let space = if above.passes || below.passes { spacing.lines } else { spacing.boxes };
        (above.height + below.height) / 2.0 + space
    };
    std::iter::once(0.0).chain(layer.windows(2).map(between)).collect()
}

/// The positions nearest to those that are `wanted` (least squares) whose distances are at least `gaps`:
/// pools of neighbours that touch are moved together (isotonic regression).
fn spread(wanted: &[f64], gaps: &[f64]) -> Vec<f64> {
    let mut offset = 0.0;
    let offsets: Vec<f64> = gaps
        .iter()
        .map(|gap| {
            offset += gap;
            offset
        })
        .collect();
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (wanted, offset) in wanted.iter().zip(&offsets) {
        let mut pool = (wanted - offset, 1usize);
        while let Some((mean, count)) = pools.pop_if(|(mean, _)| *mean > pool.0) {
            let all = count + pool.1;
            pool = ((mean * count as f64 + pool.0 * pool.1 as f64) / all as f64, all);
        }
        pools.push(pool);
    }
    let means = pools.into_iter().flat_map(|(mean, count)| std::iter::repeat_n(mean, count));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACING: Spacing = Spacing { layers: 10.0, boxes: 3.0, lines: 2.0 };

    #[test]
    fn neighbours_are_spread_no_further_than_needed() {
        assert_eq!(spread(&[0.0, 0.0, 100.0], &[0.0, 10.0, 10.0]), [-5.0, 5.0, 100.0]);
        assert_eq!(spread(&[3.0, 1.0], &[0.0, 2.0]), [1.0, 3.0]);
    }

    #[test]
    fn pairs_out_of_order_are_counted() {
        assert_eq!(inversions(&[0, 1, 1, 2]), 0);
        assert_eq!(inversions(&[2, 1, 0]), 3);
        assert_eq!(inversions(&[1, 0, 3, 2]), 2);
    }

    #[test]
    fn what_can_be_drawn_without_crossings_is() {
        // Two chains whose middle boxes are given in the wrong order.
        let edges = [(0, 3), (1, 2), (2, 4), (3, 5)];
        let drawn = lay_out(&[(20.0, 8.0); 6], &edges, &SPACING);
        let y = |at: usize| drawn.boxes[at].1;
        assert_eq!(y(0) < y(1), y(3) < y(2));
        assert_eq!(y(3) < y(2), y(5) < y(4));
    }

    proptest! {
        #[test]
        fn boxes_never_overlap_and_inputs_stand_left(
            count in 1usize..40,
            pairs in prop::collection::vec((0usize..40, 0usize..40), 0..80),
        ) {
            let edges: Vec<(usize, usize)> =
                pairs.into_iter().filter(|(from, to)| from < to && *to < count).collect();
            let sizes: Vec<(f64, f64)> = (0..count).map(|at| (10.0 + (at % 7) as f64, 8.0)).collect();
            let drawn = lay_out(&sizes, &edges, &SPACING);
            for (from, to) in &edges {
                prop_assert!(drawn.boxes[*from].0 + sizes[*from].0 < drawn.boxes[*to].0);
            }
            for (at, (x, y)) in drawn.boxes.iter().enumerate() {
                prop_assert!(*x >= 0.0 && x + sizes[at].0 <= drawn.width + 1e-9);
                prop_assert!(y - 4.0 >= -1e-9 && y + 4.0 <= drawn.height + 1e-9);
                for (other_x, other_y) in &drawn.boxes[..at] {
                    prop_assert!(x != other_x || (y - other_y).abs() >= 8.0 + SPACING.boxes - 1e-6);
                }
            }
        }
    }
}
