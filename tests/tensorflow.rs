//! Reading TensorFlow checkpoints: every form that is supported gives the numbers that were written, every
//! other is refused with its file and variable, and no bytes do any harm.

mod bundle;

use std::collections::BTreeMap;
use std::path::Path;

use bundle::{Bundle, Files, Variable};
use proptest::prelude::*;
use rnnwm::network::{Activation, Architecture, BundleError, TableError, TensorFlowWeights, VariableProblem};
use rnnwm::tasks::Loss;

const KERNEL: &str = "rnn/leaky_rnn_cell/kernel";
const DATA: &str = "model.ckpt.data-00000-of-00001";
const INDEX: &str = "model.ckpt.index";

fn architecture(n_input: usize, units: usize, n_output: usize) -> Architecture {
    Architecture {
        n_input,
        units,
        n_output,
        activation: Activation::Softplus,
        alpha: 0.2,
        sigma_rec: 0.05,
        loss: Loss::Lsq,
    }
}

fn small() -> Bundle {
    Bundle::network(3, 4, 2, 7)
}

fn read(files: &Files) -> Result<TensorFlowWeights, BundleError> {
    TensorFlowWeights::read(files, &architecture(3, 4, 2))
}

fn refusal(files: &Files) -> BundleError {
    read(files).expect_err("it is refused")
}

/// Asserts that the weights of a network are read from these files as they were written.
fn assert_read(bundle: &Bundle, files: &Files) -> TensorFlowWeights {
    let read = read(files).expect("it can be read");
    for variable in read.weights.variables() {
        let written = bundle.variables.iter().find(|other| other.name == variable.name).expect("written");
        let values: Vec<f32> = written.values.iter().map(|value| *value as f32).collect();
        assert_eq!(read.weights.flat()[variable.range], values, "{}", variable.name);
    }
    read
}

#[test]
fn every_supported_form_gives_what_was_written() {
    let plain = small();
    assert!(assert_read(&plain, &plain.files()).rounded.is_empty());
    let sharded = Bundle { shards: 3, ..small() };
    assert_eq!(sharded.files().len(), 5);
    assert_read(&sharded, &sharded.files());
    for form in [
        Bundle { big_endian: true, ..small() },
        Bundle { snappy: true, ..small() },
        Bundle { block: 1, ..small() },
        Bundle { block: 3, snappy: true, shards: 2, big_endian: true, ..small() },
        Bundle { min_consumer: 1, ..small() },
    ] {
        assert_read(&form, &form.files());
    }
}

#[test]
fn double_precision_is_rounded_and_said() {
    for big_endian in [false, true] {
        let mut bundle = Bundle { big_endian, ..small() };
        bundle.variable(KERNEL).dtype = 2;
        assert_eq!(assert_read(&bundle, &bundle.files()).rounded, [KERNEL]);
    }
}

#[test]
fn without_the_file_checkpoint_the_only_index_is_read() {
    let mut files = small().files();
    files.remove("checkpoint");
    assert_read(&small(), &files);
    files.insert("other.index".to_owned(), files[INDEX].clone());
    assert!(matches!(refusal(&files), BundleError::SeveralIndexes(names) if names == "model.ckpt, other"));
    assert_eq!(refusal(&Files::new()), BundleError::NoIndex);
}

#[test]
fn the_file_checkpoint_must_name_one_that_is_there() {
    let mut files = small().files();
    for text in ["", "\u{0}", "model_checkpoint_path: model.ckpt", "model_checkpoint_path: \"\""] {
        files.insert("checkpoint".to_owned(), text.as_bytes().to_vec());
        assert_eq!(refusal(&files), BundleError::NamesNothing, "{text}");
    }
    files.insert("checkpoint".to_owned(), b"model_checkpoint_path: \"later.ckpt\"".to_vec());
    assert_eq!(refusal(&files), BundleError::MissingFile("later.ckpt.index".to_owned()));
    files.insert("checkpoint".to_owned(), b"model_checkpoint_path: \"C:\\\\runs\\\\model.ckpt\"".to_vec());
    assert_read(&small(), &files);
}

#[test]
fn a_missing_shard_is_named() {
    let mut files = Bundle { shards: 2, ..small() }.files();
    let missing = "model.ckpt.data-00001-of-00002";
    files.remove(missing);
    assert_eq!(refusal(&files), BundleError::MissingFile(missing.to_owned()));
}

/// What the refusal of a bundle says.
fn said(bundle: &Bundle) -> String {
    refusal(&bundle.files()).to_string()
}

#[test]
fn a_variable_that_does_not_fit_is_named_with_its_file() {
    let mut said_of = Vec::new();
    let mut wrong = |change: fn(&mut Variable)| {
        let mut bundle = small();
        change(bundle.variable(KERNEL));
        said_of.push(said(&bundle));
    };
    wrong(|kernel| kernel.name = "rnn/leaky_gru_cell/kernel".to_owned());
    wrong(|kernel| kernel.shape = vec![4, 7]);
    wrong(|kernel| kernel.shape = vec![7, 4, 1]);
    wrong(|kernel| kernel.shape = vec![7, -4]);
    wrong(|kernel| kernel.values.truncate(5));
    wrong(|kernel| kernel.dtype = 9);
    wrong(|kernel| kernel.dtype = 777);
    wrong(|kernel| kernel.slices = 2);
    wrong(|kernel| kernel.values[3] = f64::INFINITY);
    said_of.push(said(&Bundle { min_consumer: 2, ..small() }));
    insta::assert_snapshot!(said_of.join("\n"));
}

#[test]
fn a_file_that_is_cut_off_is_refused_wherever_it_ends() {
    for file in [DATA, INDEX] {
        let whole = small().files();
        // The optimiser's variables lie between those that are read, so the last bytes may not be needed.
        let needed = whole[file].len() - if file == DATA { 4 * 28 } else { 0 };
        for length in 0..needed {
            let mut files = whole.clone();
            files.get_mut(file).expect("a file").truncate(length);
            match refusal(&files) {
                BundleError::Variable { problem: VariableProblem::OutsideTheFile { .. }, .. }
                    if file == DATA => {}
                BundleError::Index { problem: TableError::NoTable, .. } if file == INDEX => {}
                other => panic!("{file} cut off at {length}: {other}"),
            }
        }
    }
}

#[test]
fn every_changed_byte_of_the_weights_is_noticed() {
    let whole = small().files();
    for at in 0..whole[DATA].len() {
        let mut files = whole.clone();
        files.get_mut(DATA).expect("a file")[at] ^= 0x10;
        match read(&files) {
            Err(BundleError::Variable { problem: VariableProblem::Checksum, .. }) => {}
            // A byte of the optimiser's variables, which are passed over.
            Ok(_) => {
                assert_read(&small(), &files);
            }
            Err(other) => panic!("byte {at}: {other}"),
        }
    }
}

#[test]
fn a_huge_network_takes_no_memory_before_the_file_is_known_to_hold_it() {
    // The kernel alone would take 4 exabytes.
    let wanted = architecture(3, 1 << 30, 2);
    let refused = TensorFlowWeights::read(&small().files(), &wanted).expect_err("it does not fit");
    assert!(matches!(refused, BundleError::Variable { problem: VariableProblem::Shape { .. }, .. }));
}

#[test]
fn a_small_index_of_endless_keys_is_refused() {
    // Every name repeats a long one but for its last bytes.
    let long = "x".repeat(60_000);
    let mut bundle = Bundle { block: 10_000, ..small() };
    bundle.variables.extend((0..400).map(|n| Variable::new(&format!("{long}{n:03}"), &[], vec![0.0])));
    let files = bundle.files();
    assert!(files[INDEX].len() < 200_000);
    assert!(said(&bundle).contains("impossibly long"), "{}", said(&bundle));
}

/// The files of a real checkpoint, that of a network before its training.
fn real() -> Files {
    let model = "data/pretrained/6tasks_8loc_256neuron_odr3000_seed0/0";
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let file = |entry: std::fs::DirEntry| {
        (entry.file_name().into_string().expect("text"), std::fs::read(entry.path()).expect("bytes"))
    };
    entries.map(file).collect()
}

fn read_real(files: &Files) -> Result<TensorFlowWeights, BundleError> {
    TensorFlowWeights::read(files, &architecture(15, 256, 9))
}

#[test]
fn the_weights_before_training_are_those_that_the_reference_starts_from() {
    let weights = read_real(&real()).expect("it can be read").weights;
    assert!(weights.bias().iter().chain(weights.output_bias()).all(|bias| *bias == 0.0));
    // Recurrent weights are 0.5 times an orthogonal matrix: rows have the length 0.5, and no angle.
    let row = |unit: usize| &weights.recurrent()[unit * 256..][..256];
    let product = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    for unit in 1..256 {
        assert!((product(row(unit), row(unit)) - 0.25).abs() < 1e-5);
        assert!(product(row(unit), row(unit - 1)).abs() < 1e-5);
    }
    // Input weights are normal numbers of variance 1 / n_input.
    let variance = product(weights.input(), weights.input()) / weights.input().len() as f64;
    assert!((variance * 15.0 - 1.0).abs() < 0.1, "{variance}");
}

#[test]
fn a_real_index_is_read_or_refused_whichever_byte_is_changed() {
    let whole = real();
    let sound = read_real(&whole).expect("it can be read").weights;
    for at in 0..whole[INDEX].len() {
        for bit in 0..8 {
            let mut files = whole.clone();
            files.get_mut(INDEX).expect("a file")[at] ^= 1 << bit;
            if let Ok(read) = read_real(&files) {
                assert!(read.weights == sound, "byte {at} changes the weights unnoticed");
            }
        }
    }
}

/// An index with all its checksums made good again, so that what stands behind them is reached.
fn with_good_checksums(mut index: Vec<u8>, blocks: &[(usize, usize)]) -> Vec<u8> {
    for (start, length) in blocks {
        let end = start + length + 1;
        let crc = crc32c::crc32c(&index[*start..end]);
        let masked = crc.rotate_right(15).wrapping_add(0xa282_ead8);
        index[end..end + 4].copy_from_slice(&masked.to_le_bytes());
    }
    index
}

/// The blocks of the real index, as its footer and its block of blocks say: entries, metadata, index.
const BLOCKS: [(usize, usize); 3] = [(0, 445), (450, 8), (463, 15)];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_changed_index_with_good_checksums_does_no_harm(
        changes in prop::collection::vec((0usize..531, any::<u8>()), 1..6)
    ) {
        let mut files = real_without_data();
        let index = files.get_mut(INDEX).expect("a file");
        for (at, byte) in changes {
            index[at] = byte;
        }
        *index = with_good_checksums(index.clone(), &BLOCKS);
        let _ = read_real(&files);
    }

    #[test]
    fn garbage_does_no_harm(
        garbage in prop::collection::vec(any::<u8>(), 0..300),
        block in prop::collection::vec(any::<u8>(), 0..100),
        kind in 0u8..3,
    ) {
        let mut files = Files::from([(INDEX.to_owned(), garbage.clone()), (DATA.to_owned(), garbage.clone())]);
        prop_assert!(read_real(&files).is_err());
        files.insert("checkpoint".to_owned(), garbage);
        prop_assert!(read_real(&files).is_err());
        // A table whose every block is the same garbage, checksum and all.
        let mut table = block;
        let length = table.len();
        table.extend([kind, 0, 0, 0, 0]);
        table.extend([0, length as u8, 0, length as u8]);
        table.resize(length + 5 + 40, 0);
        table.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
        let files = BTreeMap::from([(INDEX.to_owned(), with_good_checksums(table, &[(0, length)]))]);
        prop_assert!(read_real(&files).is_err());
    }
}

/// The real checkpoint with data that is cheap to copy: too short for most variables.
fn real_without_data() -> Files {
    thread_local! {
        static FILES: Files = {
            let mut files = real();
            files.get_mut(DATA).expect("a file").truncate(4096);
            files
        };
    }
    FILES.with(Files::clone)
}
