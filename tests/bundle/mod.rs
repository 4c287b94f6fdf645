//! Writes TensorFlow checkpoints, sound ones and others, to be read by tests: the files of a tensor bundle
//! of version 2.

#![allow(dead_code, reason = "every test file uses its own part of this")]

use std::collections::BTreeMap;

/// A variable of a checkpoint.
#[derive(Clone)]
pub struct Variable {
    pub name: String,
    /// 1 is float, 2 is double.
    pub dtype: i32,
    pub shape: Vec<i64>,
    pub values: Vec<f64>,
    /// Parts that it is said to be stored in; 0 is none.
    pub slices: usize,
}

/// A checkpoint to be written.
#[derive(Clone)]
pub struct Bundle {
    pub variables: Vec<Variable>,
    pub shards: usize,
    pub big_endian: bool,
    pub snappy: bool,
    /// Entries of a block of the index.
    pub block: usize,
    /// The oldest reader that could read it.
    pub min_consumer: u64,
}

pub type Files = BTreeMap<String, Vec<u8>>;

impl Variable {
    pub fn new(name: &str, shape: &[i64], values: Vec<f64>) -> Self {
        Self { name: name.to_owned(), dtype: 1, shape: shape.to_vec(), values, slices: 0 }
    }

    fn bytes(&self, big_endian: bool) -> Vec<u8> {
        let number = |value: &f64| {
            let mut bytes = match self.dtype {
                2 => value.to_le_bytes().to_vec(),
                _ => (*value as f32).to_le_bytes().to_vec(),
            };
            if big_endian {
                bytes.reverse();
            }
            bytes
        };
        self.values.iter().flat_map(number).collect()
    }
}

impl Bundle {
    /// The weights of a leaky network, with values that a seed decides, and variables of an optimiser.
    pub fn network(n_input: usize, units: usize, n_output: usize, seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut random = |count: usize, scale: f64| -> Vec<f64> {
            let mut next = || {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                scale * (state as f64 / u64::MAX as f64 - 0.5)
            };
            (0..count).map(|_| next()).collect()
        };
        let mut variables = vec![Variable::new("beta1_power", &[], vec![0.9])];
        for (name, shape) in [
            ("output/biases", vec![n_output]),
            ("output/weights", vec![units, n_output]),
            ("rnn/leaky_rnn_cell/bias", vec![units]),
            ("rnn/leaky_rnn_cell/kernel", vec![n_input + units, units]),
        ] {
            let count: usize = shape.iter().product();
            let shape: Vec<i64> = shape.iter().map(|size| *size as i64).collect();
            variables.push(Variable::new(name, &shape, random(count, 0.5)));
            variables.push(Variable::new(&format!("{name}/Adam"), &shape, random(count, 0.1)));
        }
        Self { variables, shards: 1, big_endian: false, snappy: false, block: 16, min_consumer: 0 }
    }

    /// The variable of this name.
    pub fn variable(&mut self, name: &str) -> &mut Variable {
        self.variables.iter_mut().find(|variable| variable.name == name).expect("a variable")
    }

    /// The files of the checkpoint by name.
    pub fn files(&self) -> Files {
        let mut shards = vec![Vec::new(); self.shards];
        let mut header = message(&[(1, Field::Number(self.shards as u64))]);
        if self.big_endian {
            header.extend(message(&[(2, Field::Number(1))]));
        }
        let version = message(&[(1, Field::Number(1)), (2, Field::Number(self.min_consumer))]);
        header.extend(message(&[(3, Field::Bytes(version))]));
        let mut entries = BTreeMap::from([(Vec::new(), header)]);
        for (number, variable) in self.variables.iter().enumerate() {
            let shard = number % self.shards;
            let bytes = variable.bytes(self.big_endian);
            let dimensions = variable
                .shape
                .iter()
                .flat_map(|size| message(&[(2, Field::Bytes(message(&[(1, Field::Number(*size as u64))])))]));
            let mut entry = message(&[
                (1, Field::Number(variable.dtype as u64)),
                (2, Field::Bytes(dimensions.collect())),
                (3, Field::Number(shard as u64)),
                (4, Field::Number(shards[shard].len() as u64)),
                (5, Field::Number(bytes.len() as u64)),
                (6, Field::Fixed(masked(&bytes))),
            ]);
            for _ in 0..variable.slices {
                entry.extend(message(&[(7, Field::Bytes(Vec::new()))]));
            }
            shards[shard].extend(bytes);
            entries.insert(variable.name.clone().into_bytes(), entry);
        }
        let mut files = Files::from([
            ("checkpoint".to_owned(), b"model_checkpoint_path: \"/elsewhere/model.ckpt\"\n".to_vec()),
            ("model.ckpt.index".to_owned(), self.table(&entries)),
        ]);
        for (number, bytes) in shards.into_iter().enumerate() {
            files.insert(format!("model.ckpt.data-{number:05}-of-{:05}", self.shards), bytes);
        }
        files
    }

    fn table(&self, entries: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
        let entries: Vec<(&Vec<u8>, &Vec<u8>)> = entries.iter().collect();
        let mut file = Vec::new();
        let mut index = Vec::new();
        for chunk in entries.chunks(self.block) {
            let handle = self.append(&mut file, &block(chunk));
            index.push((chunk[chunk.len() - 1].0.clone(), handle));
        }
        let metadata = self.append(&mut file, &block(&[]));
        let index: Vec<(&Vec<u8>, &Vec<u8>)> = index.iter().map(|(key, handle)| (key, handle)).collect();
        let index = self.append(&mut file, &block(&index));
        let mut footer = [metadata, index].concat();
        footer.resize(40, 0);
        file.extend(footer);
        file.extend(0xdb47_7524_8b80_fb57_u64.to_le_bytes());
        file
    }

    /// Appends a block; gives its handle.
    fn append(&self, file: &mut Vec<u8>, block: &[u8]) -> Vec<u8> {
        let mut stored = match self.snappy {
            true => snap::raw::Encoder::new().compress_vec(block).expect("it can be compressed"),
            false => block.to_vec(),
        };
        let handle = [varint(file.len() as u64), varint(stored.len() as u64)].concat();
        stored.push(u8::from(self.snappy));
        let checksum = masked(&stored);
        file.extend(stored);
        file.extend(checksum.to_le_bytes());
        handle
    }
}

/// A block of entries, whose keys share their beginnings.
fn block(entries: &[(&Vec<u8>, &Vec<u8>)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before: &[u8] = &[];
    for (key, value) in entries {
        let kept = before.iter().zip(key.iter()).take_while(|(one, other)| one == other).count();
        bytes.extend(varint(kept as u64));
        bytes.extend(varint((key.len() - kept) as u64));
        bytes.extend(varint(value.len() as u64));
        bytes.extend(&key[kept..]);
        bytes.extend(*value);
        before = key;
    }
    bytes.extend(0u32.to_le_bytes());
    bytes.extend(1u32.to_le_bytes());
    bytes
}

enum Field {
    Number(u64),
    Bytes(Vec<u8>),
    Fixed(u32),
}

/// A message in the form of protocol buffers.
fn message(fields: &[(u64, Field)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (tag, field) in fields {
        match field {
            Field::Number(number) => bytes.extend([varint(tag << 3), varint(*number)].concat()),
            Field::Bytes(inner) => {
                bytes.extend([varint(tag << 3 | 2), varint(inner.len() as u64), inner.clone()].concat());
            }
            Field::Fixed(number) => {
                bytes.extend(varint(tag << 3 | 5));
                bytes.extend(number.to_le_bytes());
            }
        }
    }
    bytes
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

fn masked(bytes: &[u8]) -> u32 {
    let crc = crc32c::crc32c(bytes);
    ((crc >> 15) | (crc << 17)).wrapping_add(0xa282_ead8)
}
