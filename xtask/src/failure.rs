//! How a command ends badly.

use std::process::{ExitCode, ExitStatus};

use crate::console;

/// The exit code of a failed check or build.
const FAILED: u8 = 1;
/// The exit code of bad usage.
const USAGE: u8 = 2;

/// Why a command ended badly, and so with which exit code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A check did not hold or a build did not succeed.
    Failed(String),
    /// The command line asks for something that is not there.
    Usage(String),
    /// A process that this one ran ended with this code, and has told the user why itself.
    Ended(u8),
}

impl Failure {
    /// Tells the user, and gives the exit code.
    pub(crate) fn report(self) -> ExitCode {
        match self {
            Self::Failed(message) => {
                console::complain(&message);
                ExitCode::from(FAILED)
            }
            Self::Usage(message) => {
                console::complain(&message);
                ExitCode::from(USAGE)
            }
            Self::Ended(code) => ExitCode::from(code),
        }
    }

    /// Passes on how a process ended.
    ///
    /// # Errors
    ///
    /// [`Failure::Ended`] unless it ended well; [`Failure::Failed`] when a signal ended it, for then it could not say why.
    pub(crate) fn of(status: ExitStatus) -> Result<(), Self> {
        if status.success() {
            return Ok(());
        }
        let Some(code) = status.code() else {
            return Err(Self::Failed(format!(
                "a program was ended from outside ({status})"
            )));
        };
        Err(Self::Ended(u8::try_from(code).unwrap_or(FAILED)))
    }
}
