//! What settings may be, checked where they are read.

use serde::{Deserialize, Deserializer, de::Error};

/// At least 1.
pub(crate) fn positive<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        0 => Err(D::Error::custom("it must be at least 1")),
        value => Ok(value),
    }
}

/// At least one width, each at least 1.
pub(crate) fn widths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    let widths = Vec::<usize>::deserialize(deserializer)?;
    if widths.is_empty() || widths.contains(&0) {
        let message = "it must name the width of each layer, at least 1: [512, 512]";
        return Err(D::Error::custom(message));
    }
    Ok(widths)
}

/// At least 0 and less than 1.
pub(crate) fn part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let value = f64::deserialize(deserializer)?;
    if (0.0..1.0).contains(&value) {
        Ok(value)
    } else {
        let message = format!("{value} is no part to drop: it must be at least 0 and less than 1");
        Err(D::Error::custom(message))
    }
}
