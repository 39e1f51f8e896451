//! Progress on stderr: bars on a terminal, plain lines elsewhere.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, MultiProgress, ProgressBar, ProgressStyle};
use tracing_subscriber::fmt::MakeWriter;

/// How often a plain line is printed where there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// All bars of the process. A clone is the same set; it is also a writer to stderr that does not tear the bars.
#[derive(Debug, Clone)]
pub struct Bars {
    /// `None` where stderr is not a terminal.
    bars: Option<MultiProgress>,
}

/// What a step has to show.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shown {
    /// The training loss of the step.
    pub loss: f64,
    /// The learning rate of the step.
    pub learning_rate: f64,
    /// Tokens that the step has seen.
    pub tokens: u64,
}

impl Bars {
    /// Bars if stderr is a terminal, plain lines if not.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bars: io::stderr().is_terminal().then(MultiProgress::new),
        }
    }

    /// Whether there are bars rather than plain lines.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.bars.is_some()
    }

    /// Starts the progress of a stage that is at `step` of `total` steps.
    #[must_use]
    pub fn stage(&self, name: &str, step: u64, total: u64) -> StageProgress {
        let bar = self.bars.as_ref().map(|bars| {
            let bar = bars.add(ProgressBar::new(total));
            bar.set_style(style(TEMPLATE));
            bar.set_prefix(name.to_owned());
            bar.set_position(step);
            bar
        });
        let now = Instant::now();
        StageProgress {
            name: name.to_owned(),
            bar,
            first: step,
            step,
            total,
            tokens: 0,
            loss: None,
            started: now,
            printed: None,
        }
    }
}

impl Bars {
    /// Starts the progress of work on files, of which `inputs` are named; none where there is no terminal.
    #[must_use]
    pub fn files(&self, inputs: u64) -> FileProgress {
        let bar = self.bars.as_ref().map(|bars| {
            // One name may be a folder of thousands: how many there are is not known before they are read.
            let (bar, template) = match inputs {
                0 | 1 => (ProgressBar::new_spinner(), COUNT_TEMPLATE),
                _ => (ProgressBar::new(inputs), FILES_TEMPLATE),
            };
            let bar = bars.add(bar);
            bar.set_style(style(template));
            bar
        });
        FileProgress {
            bar,
            bars: self.bars.clone(),
            started: Instant::now(),
        }
    }
}

impl Default for Bars {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a> MakeWriter<'a> for Bars {
    type Writer = Bars;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}

impl Write for Bars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &self.bars {
            Some(bars) => bars.suspend(|| io::stderr().write(bytes)),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn style(template: &str) -> ProgressStyle {
    // A fixed text, checked by a test; the default bar is the fallback all the same.
    ProgressStyle::with_template(template).map_or_else(
        |_| ProgressStyle::default_bar(),
        |style| style.progress_chars("=> "),
    )
}

const TEMPLATE: &str = "{prefix} [{bar:16}] {pos}/{len}  {wide_msg}";
const FILES_TEMPLATE: &str = "[{bar:16}] {pos}/{len}  {wide_msg}";
const COUNT_TEMPLATE: &str = "{spinner} {wide_msg}";

/// The progress of work on files. It leaves the screen when it is dropped.
#[derive(Debug)]
pub struct FileProgress {
    bar: Option<ProgressBar>,
    bars: Option<MultiProgress>,
    started: Instant,
}

impl FileProgress {
    /// Says that `input` of the inputs are reached and `done` files in them worked on, of which `bad` could not be used.
    pub fn set(&self, input: u64, done: u64, bad: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(input);
            bar.set_message(files_message(done, bad, self.started.elapsed()));
            bar.tick();
        }
    }

    /// Does what writes to the terminal, with the bars out of its way.
    pub fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.bars {
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }
}

impl Drop for FileProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn files_message(done: u64, bad: u64, elapsed: Duration) -> String {
    let mut message = format!("{done} structures");
    if bad > 0 {
        let _ = write!(message, ", {bad} bad");
    }
    let seconds = elapsed.as_secs_f64();
    if seconds > 0.0 {
        let _ = write!(message, "  {}/s", short(done as f64 / seconds));
    }
    message
}

/// The progress of one stage.
#[derive(Debug)]
pub struct StageProgress {
    name: String,
    bar: Option<ProgressBar>,
    first: u64,
    step: u64,
    total: u64,
    tokens: u64,
    loss: Option<f64>,
    started: Instant,
    printed: Option<Instant>,
}

impl StageProgress {
    /// Counts a finished step.
    pub fn step(&mut self, shown: &Shown) {
        self.step += 1;
        self.tokens += shown.tokens;
        // Smoothed, or the number would be too restless to read.
        self.loss = Some(match self.loss {
            Some(loss) if loss.is_finite() => 0.9 * loss + 0.1 * shown.loss,
            _ => shown.loss,
        });
        let now = Instant::now();
        if let Some(bar) = &self.bar {
            bar.set_position(self.step);
            bar.set_message(self.message(shown.learning_rate, now));
            return;
        }
        let due = self
            .printed
            .is_none_or(|printed| now.duration_since(printed) >= EVERY);
        if due || self.step == self.total {
            self.printed = Some(now);
            eprintln!("{}", self.line(shown.learning_rate, now));
        }
    }

    /// Ends the stage; a bar stays as it is, with `summary` in place of its numbers.
    pub fn finish(self, summary: &str) {
        match &self.bar {
            Some(bar) => bar.finish_with_message(summary.to_owned()),
            None => eprintln!("{}: {summary}", self.name),
        }
    }

    fn line(&self, learning_rate: f64, now: Instant) -> String {
        let percent = 100.0 * self.step as f64 / self.total.max(1) as f64;
        format!(
            "{}: step {}/{} ({percent:.1} %)  {}",
            self.name,
            self.step,
            self.total,
            self.message(learning_rate, now)
        )
    }

    fn message(&self, learning_rate: f64, now: Instant) -> String {
        let mut message = format!(
            "loss {:.4}  lr {learning_rate:.2e}",
            self.loss.unwrap_or(f64::NAN)
        );
        let seconds = now.duration_since(self.started).as_secs_f64();
        let done = self.step - self.first;
        if seconds > 0.0 && done > 0 {
            if self.tokens > 0 {
                let _ = write!(message, "  {} tok/s", short(self.tokens as f64 / seconds));
            }
            let left = self.total.saturating_sub(self.step) as f64 * seconds / done as f64;
            if let Ok(left) = Duration::try_from_secs_f64(left) {
                let _ = write!(message, "  ETA {}", eta(left));
            }
        }
        message
    }
}

/// Three digits and a letter: `950`, `1.2k`, `35k`, `4.1M`.
fn short(number: f64) -> String {
    let (value, unit) = match number {
        number if number >= 1e6 => (number / 1e6, "M"),
        number if number >= 1e3 => (number / 1e3, "k"),
        number => return format!("{number:.0}"),
    };
    if value < 10.0 {
        format!("{value:.1}{unit}")
    } else {
        format!("{value:.0}{unit}")
    }
}

/// `45s`, `3m05s`, `2h07m`, and days in words.
fn eta(left: Duration) -> String {
    let seconds = left.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => HumanDuration(left).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use indicatif::ProgressStyle;

    use super::{Bars, COUNT_TEMPLATE, FILES_TEMPLATE, Shown, TEMPLATE, eta, files_message, short};

    #[test]
    fn the_templates_are_valid() {
        for template in [TEMPLATE, FILES_TEMPLATE, COUNT_TEMPLATE] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }

    #[test]
    fn files_are_counted_with_the_bad_ones() {
        let second = Duration::from_secs(2);
        assert_eq!(files_message(500, 0, second), "500 structures  250/s");
        assert_eq!(files_message(3, 1, Duration::ZERO), "3 structures, 1 bad");
    }

    #[test]
    fn a_line_says_it_all() {
        let mut stage = Bars { bars: None }.stage("align", 10, 100);
        stage.printed = Some(Instant::now());
        for _ in 0..10 {
            stage.step(&Shown {
                loss: 2.5,
                learning_rate: 1e-4,
                tokens: 300,
            });
        }
        let line = stage.line(1e-4, stage.started + Duration::from_secs(2));
        assert_eq!(
            line,
            "align: step 20/100 (20.0 %)  loss 2.5000  lr 1.00e-4  1.5k tok/s  ETA 16s"
        );
        stage.finish("done");
    }

    #[test]
    fn short_numbers_and_times() {
        assert_eq!(
            [0.4, 950.0, 1234.0, 35_400.0, 4.1e6].map(short),
            ["0", "950", "1.2k", "35k", "4.1M"]
        );
        assert_eq!(
            [45, 185, 7620, 259_200].map(|seconds| eta(Duration::from_secs(seconds))),
            ["45s", "3m05s", "2h07m", "3 days"]
        );
    }
}
