//! `log.txt`: what the run had to say, kept beside its results.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::error::RunError;
use crate::progress::Bars;

/// The log file of a run. Logging starts before there is a run folder, so the file can be attached later; what is logged
/// before goes to the terminal alone.
#[derive(Debug, Clone, Default)]
pub struct LogFile {
    file: Arc<Mutex<Option<File>>>,
}

impl LogFile {
    /// A log without a file yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on writes to the end of the file at `path`, which is made if it does not exist.
    ///
    /// # Errors
    ///
    /// [`RunError::Io`] if the file cannot be opened.
    pub fn attach(&self, path: &Path) -> Result<(), RunError> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(RunError::io(path, "open the log"))?;
        // A panic elsewhere while logging leaves the file as good as before.
        *self.file.lock().unwrap_or_else(PoisonError::into_inner) = Some(file);
        Ok(())
    }

    /// Makes this the log of the process: events of `terminal` level and above go to stderr past the progress bars, those
    /// of INFO and above, with time and origin, to the file.
    ///
    /// # Errors
    ///
    /// If the process has a global subscriber already.
    pub fn install(&self, terminal: LevelFilter, bars: &Bars) -> Result<(), TryInitError> {
        let stderr = tracing_subscriber::fmt::layer()
            .without_time()
            .with_target(false)
            .with_ansi(bars.is_terminal())
            .with_writer(bars.clone())
            .with_filter(terminal);
        tracing_subscriber::registry()
            .with(stderr)
            .with(self.layer())
            .try_init()
    }

    fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: tracing::Subscriber + for<'span> tracing_subscriber::registry::LookupSpan<'span>,
    {
        tracing_subscriber::fmt::layer()
            .with_ansi(false)
            .with_writer(self.clone())
            .with_filter(LevelFilter::INFO)
    }
}

impl<'a> MakeWriter<'a> for LogFile {
    type Writer = LogFile;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_mut()
            .map_or(Ok(bytes.len()), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.as_mut().map_or(Ok(()), Write::flush)
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::LogFile;

    #[test]
    fn events_reach_the_file_once_it_is_attached() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.txt");
        let log = LogFile::new();
        let subscriber = tracing_subscriber::registry().with(log.layer());
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!("too early");
            log.attach(&path).unwrap();
            tracing::info!(step = 3, "training");
            tracing::debug!("too much");
        });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains("INFO") && text.contains("training step=3"),
            "{text}"
        );
        assert!(LogFile::new().attach(dir.path()).is_err());
    }
}
