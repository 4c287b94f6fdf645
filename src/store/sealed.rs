//! Bytes with a checksum before them: `<checksum> <bytes>`, 16 hexadecimal digits over the rest.

const CHECKSUM: usize = 16;

/// The bytes with their checksum.
pub fn seal(bytes: &[u8]) -> Vec<u8> {
    [checksum(bytes).as_bytes(), b" ", bytes].concat()
}

/// The bytes without their checksum, if it is theirs.
pub fn unseal(sealed: &[u8]) -> Option<&[u8]> {
    let (sum, bytes) = (sealed.get(..CHECKSUM)?, sealed.get(CHECKSUM + 1..)?);
    (checksum(bytes).as_bytes() == sum).then_some(bytes)
}

fn checksum(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..CHECKSUM].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_was_sealed_is_nothing() {
        let sealed = seal(b"content");
        assert_eq!(unseal(&sealed), Some(&b"content"[..]));
        for at in (0..sealed.len()).filter(|at| *at != CHECKSUM) {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(unseal(&damaged), None, "byte {at}");
        }
        for length in 0..sealed.len() {
            assert_eq!(unseal(&sealed[..length]), None, "{length} bytes");
        }
    }
}
