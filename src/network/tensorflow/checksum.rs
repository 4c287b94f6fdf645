//! Checksums as LevelDB and TensorFlow store them.

/// What is added to a rotated checksum, so that the checksum of bytes that hold checksums stays good.
const MASK: u32 = 0xa282_ead8;

/// The masked CRC-32C of `bytes`.
pub fn masked_crc32c(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_rfc_3720_masked() {
        // RFC 3720, B.4: 32 bytes of 0 have the CRC 0x8a9136aa.
        let unmasked = |masked: u32| masked.wrapping_sub(MASK).rotate_left(15);
        assert_eq!(unmasked(masked_crc32c(&[0; 32])), 0x8a91_36aa);
        assert_eq!(unmasked(masked_crc32c(&[0xff; 32])), 0x62a8_ab43);
    }
}
