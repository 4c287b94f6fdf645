//! Reads the golden files: numbers that the reference system produced.

#![allow(dead_code, reason = "every test file uses another part of this")]

use std::collections::HashMap;
use std::path::PathBuf;

use safetensors::{Dtype, SafeTensors};

/// One golden file.
pub struct Golden {
    /// Its name, for messages.
    pub name: String,
    metadata: HashMap<String, String>,
    bytes: Vec<u8>,
}

/// The path of something in the folder of golden files.
pub fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

/// All golden files of a folder (`""` is the one above the others) by name; fails if there are none.
pub fn walk(folder: &str) -> Vec<Golden> {
    let entries = std::fs::read_dir(path(folder)).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "safetensors"));
    paths.sort();
    assert!(!paths.is_empty(), "no golden files in {folder}");
    paths.into_iter().map(Golden::read).collect()
}

impl Golden {
    fn read(path: PathBuf) -> Self {
        let bytes = std::fs::read(&path).unwrap();
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let metadata = header.metadata().clone().unwrap_or_default();
        Self { name: path.file_name().unwrap().to_string_lossy().into_owned(), metadata, bytes }
    }

    /// A metadata value.
    pub fn meta(&self, key: &str) -> &str {
        self.metadata.get(key).unwrap_or_else(|| panic!("{}: no metadata `{key}`", self.name))
    }

    /// A structured metadata value.
    pub fn json(&self, key: &str) -> serde_json::Value {
        serde_json::from_str(self.meta(key)).unwrap()
    }

    /// The names of the tensors that start with `prefix`, sorted.
    pub fn names(&self, prefix: &str) -> Vec<String> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let mut names: Vec<String> = tensors.names().into_iter().map(str::to_owned).collect();
        names.retain(|name| name.starts_with(prefix));
        names.sort();
        names
    }

    /// The shape of a tensor.
    pub fn shape(&self, name: &str) -> Vec<usize> {
        SafeTensors::deserialize(&self.bytes).unwrap().tensor(name).unwrap().shape().to_vec()
    }

    /// A float32 tensor.
    pub fn f32(&self, name: &str) -> Vec<f32> {
        self.data(name, Dtype::F32, f32::from_le_bytes)
    }

    /// A float64 tensor.
    pub fn f64(&self, name: &str) -> Vec<f64> {
        self.data(name, Dtype::F64, f64::from_le_bytes)
    }

    /// A tensor of indices.
    pub fn indices(&self, name: &str) -> Vec<usize> {
        self.data(name, Dtype::I64, |bytes| i64::from_le_bytes(bytes) as usize)
    }

    /// A text.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.data(name, Dtype::U8, u8::from_le_bytes)).unwrap()
    }

    fn data<T, const N: usize>(&self, name: &str, dtype: Dtype, read: fn([u8; N]) -> T) -> Vec<T> {
        let tensors = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = tensors.tensor(name).unwrap_or_else(|error| panic!("{}: {name}: {error}", self.name));
        assert_eq!(tensor.dtype(), dtype, "{}: {name}", self.name);
        tensor.data().chunks_exact(N).map(|chunk| read(chunk.try_into().unwrap())).collect()
    }
}

/// Fails unless `max|a-b| <= tolerance * max|golden|`, NaN standing where NaN stands.
pub fn assert_close(ours: &[f64], golden: &[f64], tolerance: f64, what: &str) {
    assert_eq!(ours.len(), golden.len(), "{what}: length");
    let largest =
        golden.iter().filter(|value| !value.is_nan()).fold(0.0, |max: f64, value| max.max(value.abs()));
    for (at, (a, b)) in ours.iter().zip(golden).enumerate() {
        let same = a.is_nan() && b.is_nan() || (a - b).abs() <= tolerance * largest;
        assert!(same, "{what}[{at}]: {a} should be {b}");
    }
}
