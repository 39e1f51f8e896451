//! What a run shows for itself: curves, a table for the terminal and a page for the browser.
//!
//! Everything here is a pure function of [`ReportData`], so a report can be made again at any time.

pub mod curves;
pub mod data;
pub mod html;
mod number;
pub mod table;

pub use curves::{DrawError, curves_svg};
pub use data::{Better, Counts, Example, MetricRow, ReportData, StageCurve};
pub use html::report_html;
pub use table::table;
