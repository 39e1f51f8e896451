//! Which build of molglot a device needs.

use std::ffi::OsString;
use std::str::FromStr;

use crate::failure::Failure;

/// A device, as far as the build goes: which one of several it is makes no difference here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Device {
    /// The default CPU build.
    Flex,
    /// The CPU build with the second backend.
    Ndarray,
    /// The CUDA build, which has the CPU in it as well.
    Cuda,
}

impl FromStr for Device {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let cuda_index = |name: &str| {
            name.strip_prefix("cuda:")
                .is_some_and(|index| index.parse::<usize>().is_ok())
        };
        match name {
            "auto" | "flex" | "cpu" => Ok(Self::Flex),
            "ndarray" => Ok(Self::Ndarray),
            "cuda" => Ok(Self::Cuda),
            _ if cuda_index(name) => Ok(Self::Cuda),
            _ => Err(format!(
                "unknown device `{name}`: use flex, ndarray, cuda or cuda:N"
            )),
        }
    }
}

impl Device {
    /// The device that the arguments of molglot ask for; flex when they ask for none.
    pub(crate) fn asked(args: &[OsString]) -> Result<Self, Failure> {
        let mut args = args
            .iter()
            .map(|arg| arg.to_string_lossy())
            .take_while(|arg| arg != "--");
        while let Some(arg) = args.next() {
            let name = match arg.strip_prefix("--device") {
                Some("") => args.next(),
                Some(value) => value.strip_prefix('=').map(|value| value.to_owned().into()),
                None => None,
            };
            if let Some(name) = name {
                return name.parse().map_err(Failure::Usage);
            }
        }
        Ok(Self::Flex)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Result<Device, Failure> {
        Device::asked(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_device_is_found_in_either_spelling() {
        assert_eq!(asked("train mini.toml"), Ok(Device::Flex));
        assert_eq!(
            asked("train --device ndarray mini.toml"),
            Ok(Device::Ndarray)
        );
        assert_eq!(asked("train --device=cuda:3"), Ok(Device::Cuda));
        assert_eq!(asked("train --devices cuda"), Ok(Device::Flex));
        assert_eq!(asked("predict -- --device cuda"), Ok(Device::Flex));
    }

    #[test]
    fn a_wrong_device_is_bad_usage_and_the_message_lists_the_right_ones() {
        let Err(Failure::Usage(message)) = asked("train --device gpu") else {
            panic!("accepted")
        };
        assert!(
            message.contains("`gpu`") && message.contains("cuda:N"),
            "{message}"
        );
        assert!(asked("train --device cuda:first").is_err());
    }
}
