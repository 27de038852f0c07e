//! Columns of whole numbers as differences, in as few bytes as each takes: what points have before they are worth a real
//! compression. Steps and times mostly grow by the same amount, so that a difference takes one byte.

/// Appends a number, seven bits a byte, lowest first (LEB128).
pub fn push_number(mut number: u64, data: &mut Vec<u8>) {
    while number >= 0x80 {
        data.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    data.push(number.to_le_bytes()[0]);
}

/// Takes a number off the front; `None` if the bytes end before it does, or it has more than 64 bits.
pub fn take_number(data: &mut &[u8]) -> Option<u64> {
    let mut number = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first()?;
        *data = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Appends a number of either sign; one near zero takes few bytes (zigzag).
pub fn push_signed(number: i64, data: &mut Vec<u8>) {
    push_number(((number << 1) ^ (number >> 63)).cast_unsigned(), data);
}

/// Takes a number that [`push_signed`] wrote off the front.
pub fn take_signed(data: &mut &[u8]) -> Option<i64> {
    let zigzag = take_number(data)?;
    Some((zigzag >> 1).cast_signed() ^ -(zigzag & 1).cast_signed())
}

/// Appends numbers as differences to the one before; the first to zero.
pub fn push_differences(numbers: impl Iterator<Item = i64>, data: &mut Vec<u8>) {
    let mut before = 0i64;
    for number in numbers {
        push_signed(number.wrapping_sub(before), data);
        before = number;
    }
}

/// Takes so many numbers, written by [`push_differences`], off the front.
pub fn take_differences(count: usize, data: &mut &[u8]) -> Option<Vec<i64>> {
    // A number takes a byte at least: a count that lies doesn't make us allocate.
    let mut numbers = Vec::with_capacity(count.min(data.len()));
    let mut before = 0i64;
    for _ in 0..count {
        before = before.wrapping_add(take_signed(data)?);
        numbers.push(before);
    }
    Some(numbers)
}

/// Appends doubles, bit by bit.
pub fn push_doubles(values: impl Iterator<Item = f64>, data: &mut Vec<u8>) {
    data.extend(values.flat_map(|value| value.to_bits().to_le_bytes()));
}

/// Takes so many doubles off the front.
pub fn take_doubles(count: usize, data: &mut &[u8]) -> Option<Vec<f64>> {
    let (bytes, rest) = data.split_at_checked(count.checked_mul(8)?)?;
    *data = rest;
    let (numbers, _) = bytes.as_chunks::<8>();
    Some(numbers.iter().map(|bytes| f64::from_bits(u64::from_le_bytes(*bytes))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_come_back(numbers in prop::collection::vec(any::<i64>(), 0..100)) {
            let mut data = Vec::new();
            push_differences(numbers.iter().copied(), &mut data);
            let mut rest = data.as_slice();
            prop_assert_eq!(take_differences(numbers.len(), &mut rest), Some(numbers));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn bytes_that_are_no_numbers_are_refused_without_a_panic(data in prop::collection::vec(any::<u8>(), 0..50), count in 0usize..usize::MAX) {
            let mut rest = data.as_slice();
            let _ = take_differences(count, &mut rest);
            let mut rest = data.as_slice();
            let _ = take_doubles(count, &mut rest);
        }
    }

    #[test]
    fn steps_take_a_byte_each() {
        let mut data = Vec::new();
        push_differences(0..1000, &mut data);
        assert_eq!(data.len(), 1000);
    }
}
