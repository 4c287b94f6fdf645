//! The messages of a tensor bundle, as far as they are used: `tensor_bundle.proto` and what it refers to.

/// What an index says of itself, under the empty name.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Header {
    /// Data files.
    #[prost(int32, tag = "1")]
    pub num_shards: i32,
    /// The order of bytes: 0 little-endian, 1 big-endian.
    #[prost(int32, tag = "2")]
    pub endianness: i32,
    /// Of the format.
    #[prost(message, optional, tag = "3")]
    pub version: Option<Version>,
}

/// The version of a format.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Version {
    /// The oldest reader that can read it.
    #[prost(int32, tag = "2")]
    pub min_consumer: i32,
}

/// What an index says of a variable.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Entry {
    /// The type of its numbers.
    #[prost(int32, tag = "1")]
    pub dtype: i32,
    /// Its shape.
    #[prost(message, optional, tag = "2")]
    pub shape: Option<Shape>,
    /// The data file that it is in.
    #[prost(int32, tag = "3")]
    pub shard: i32,
    /// Its first byte there.
    #[prost(int64, tag = "4")]
    pub offset: i64,
    /// Its bytes.
    #[prost(int64, tag = "5")]
    pub size: i64,
    /// The masked CRC-32C of its bytes, in the order in which they are stored.
    #[prost(fixed32, tag = "6")]
    pub crc32c: u32,
    /// Where it is stored in parts: one message each, of which only the number is used.
    #[prost(bytes = "vec", repeated, tag = "7")]
    pub slices: Vec<Vec<u8>>,
}

/// A shape.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Shape {
    /// Its dimensions.
    #[prost(message, repeated, tag = "2")]
    pub dimensions: Vec<Dimension>,
}

/// A dimension.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Dimension {
    /// Its size.
    #[prost(int64, tag = "1")]
    pub size: i64,
}
