//! The losses of a run as one SVG drawing, a panel per stage.

use plotters::coord::combinators::BindKeyPoints;
use plotters::coord::ranged1d::{Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordu64;
use plotters::prelude::{
    BLACK, Cartesian2d, ChartBuilder, ChartContext, Circle, Color, DrawingArea, IntoDrawingArea,
    IntoLogRange, IntoTextStyle, LineSeries, PathElement, RGBColor, SVGBackend,
    SeriesLabelPosition, Text, WHITE,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::data::StageCurve;
use super::number::{count, value};

/// The size of the drawing in pixels: its width, and the height of the title and of each panel.
const WIDTH: u32 = 900;
const TITLE_HEIGHT: u32 = 46;
const PANEL_HEIGHT: u32 = 330;

/// No more points per line are drawn: there are not more pixels.
const MAX_POINTS: usize = 1200;

/// Losses that differ by more than this factor are drawn on a logarithmic axis.
const LOG_FACTOR: f64 = 30.0;

const RAW: RGBColor = RGBColor(166, 197, 230);
const SMOOTH: RGBColor = RGBColor(24, 90, 164);
const HELD_OUT: RGBColor = RGBColor(214, 88, 16);
const GRID: RGBColor = RGBColor(228, 231, 235);
const INK: RGBColor = RGBColor(51, 56, 64);

/// The curves could not be drawn; the text is the reason.
#[derive(Debug, thiserror::Error)]
#[error("the curves cannot be drawn: {0}")]
pub struct DrawError(String);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn failed(error: impl std::fmt::Display) -> DrawError {
    DrawError(error.to_string())
}

/// An SVG document with the title (none if it is empty) and, for each stage, its training loss (thin), the same smoothed, and the loss on
/// held-out rows (points) over the steps.
///
/// # Errors
///
/// [`DrawError`] if the drawing library refuses.
pub fn curves_svg(title: &str, stages: &[StageCurve]) -> Result<String, DrawError> {
    let mut svg = String::new();
    let panels = stages.len().max(1) as u32;
    {
        let title_height = if title.is_empty() { 0 } else { TITLE_HEIGHT };
        let size = (WIDTH, title_height + PANEL_HEIGHT * panels);
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE).map_err(failed)?;
        let (head, body) = root.split_vertically(title_height);
        if !title.is_empty() {
            let style = ("sans-serif", 21)
                .into_text_style(&head)
                .color(&INK)
                .pos(Pos::new(HPos::Center, VPos::Center));
            let place = (WIDTH as i32 / 2, TITLE_HEIGHT as i32 / 2 + 4);
            head.draw(&Text::new(shortened(title, 70), place, style))
                .map_err(failed)?;
        }
        if stages.is_empty() {
            note(&body, "no losses were recorded")?;
        }
        let areas = body.split_evenly((panels as usize, 1));
        for (area, stage) in areas.iter().zip(stages) {
            panel(area, stage)?;
        }
        root.present().map_err(failed)?;
    }
    Ok(svg)
}

/// `text` cut to `limit` letters, without the control characters that SVG does not allow.
fn shortened(text: &str, limit: usize) -> String {
    let clean = text
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter });
    if text.chars().count() <= limit {
        return clean.collect();
    }
    clean.take(limit - 3).chain("...".chars()).collect()
}

/// A line of text in the middle of an empty panel.
fn note(area: &Area<'_>, text: &str) -> Result<(), DrawError> {
    let (width, height) = area.dim_in_pixel();
    let style = ("sans-serif", 15)
        .into_text_style(area)
        .color(&INK)
        .pos(Pos::new(HPos::Center, VPos::Center));
    area.draw(&Text::new(
        text.to_owned(),
        (width as i32 / 2, height as i32 / 2),
        style,
    ))
    .map_err(failed)
}

/// What a panel draws.
struct Lines {
    raw: Vec<(u64, f64)>,
    smooth: Vec<(u64, f64)>,
    held_out: Vec<(u64, f64)>,
    legend: SeriesLabelPosition,
}

fn panel(area: &Area<'_>, stage: &StageCurve) -> Result<(), DrawError> {
    let train = finite(&stage.train);
    let held_out = finite(&stage.held_out);
    let smooth = smoothed(&train);
    let all = || train.iter().chain(&held_out);
    let steps = all().map(|&(step, _)| step);
    let (Some(first), Some(last)) = (steps.clone().min(), steps.max()) else {
        return note(
            area,
            &format!("{}: no losses were recorded", shortened(&stage.name, 60)),
        );
    };
    let low = all().map(|&(_, loss)| loss).fold(f64::INFINITY, f64::min);
    let high = all()
        .map(|&(_, loss)| loss)
        .fold(f64::NEG_INFINITY, f64::max);
    let on_log = low > 0.0 && high > LOG_FACTOR * low;
    // The legend goes to the upper right, where a falling loss leaves room, unless the loss ends high.
    let middle = if on_log {
        (low * high).sqrt()
    } else {
        f64::midpoint(low, high)
    };
    let late = || all().filter(|&&(step, _)| step >= last - (last - first) / 4);
    let high_late = late().filter(|&&(_, loss)| loss > middle).count();
    let legend = if 2 * high_late > late().count() {
        SeriesLabelPosition::LowerRight
    } else {
        SeriesLabelPosition::UpperRight
    };
    let lines = Lines {
        raw: thinned(&train),
        // A fitted line can overshoot, and a logarithmic axis has no place below zero.
        smooth: thinned(&smooth)
            .into_iter()
            .map(|(step, loss)| (step, loss.clamp(low, high)))
            .collect(),
        held_out,
        legend,
    };

    // A single step still needs an axis of some length.
    let x = first..last.max(first + 1);
    let mut builder = ChartBuilder::on(area);
    builder
        .margin(10)
        .margin_right(26)
        .caption(
            shortened(&stage.name, 60),
            ("sans-serif", 17).into_text_style(area).color(&INK),
        )
        .x_label_area_size(46)
        .y_label_area_size(68);
    if on_log {
        let (low, high) = (low / 1.15, high * 1.15);
        let y = (low..high)
            .log_scale()
            .with_key_points(log_ticks(low, high));
        let chart = builder.build_cartesian_2d(x, y).map_err(failed)?;
        draw(chart, &lines, "loss (log scale)")
    } else {
        let room = match high - low {
            0.0 => low.abs().max(1.0) * 0.1,
            spread => spread * 0.06,
        };
        // A loss that is never negative gets an axis that is not either.
        let floor = if low >= 0.0 {
            (low - room).max(0.0)
        } else {
            low - room
        };
        let chart = builder
            .build_cartesian_2d(x, floor..high + room)
            .map_err(failed)?;
        draw(chart, &lines, "loss")
    }
}

/// The round numbers between `low` and `high`: 1, 2 and 5 of each power of ten while these are few, then powers alone, at
/// most eight of them.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let decades = last - first;
    let digits: &[f64] = if decades <= 3 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let stride = (decades as usize).div_ceil(8).max(1);
    (first..=last)
        .step_by(stride)
        .flat_map(|power| digits.iter().map(move |digit| digit * 10_f64.powi(power)))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

fn draw<'a, Y>(
    mut chart: ChartContext<'a, SVGBackend<'a>, Cartesian2d<RangedCoordu64, Y>>,
    lines: &Lines,
    y_name: &str,
) -> Result<(), DrawError>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK.mix(0.6))
        .label_style(("sans-serif", 13, &INK))
        .axis_desc_style(("sans-serif", 14, &INK))
        .x_desc("step")
        .y_desc(y_name)
        .x_labels(9)
        .y_labels(7)
        .x_label_formatter(&|step| count(*step))
        .y_label_formatter(&|loss| value(Some(*loss)))
        .draw()
        .map_err(failed)?;

    let sample = |color: RGBColor, width: u32| {
        move |(x, y): (i32, i32)| {
            PathElement::new(vec![(x, y), (x + 22, y)], color.stroke_width(width))
        }
    };
    if !lines.raw.is_empty() {
        chart
            .draw_series(LineSeries::new(
                lines.raw.iter().copied(),
                RAW.stroke_width(1),
            ))
            .map_err(failed)?
            .label("training")
            .legend(sample(RAW, 1));
        chart
            .draw_series(LineSeries::new(
                lines.smooth.iter().copied(),
                SMOOTH.stroke_width(2),
            ))
            .map_err(failed)?
            .label("training, smoothed")
            .legend(sample(SMOOTH, 2));
    }
    if !lines.held_out.is_empty() {
        chart
            .draw_series(LineSeries::new(
                lines.held_out.iter().copied(),
                HELD_OUT.mix(0.5).stroke_width(1),
            ))
            .map_err(failed)?;
        chart
            .draw_series(
                lines
                    .held_out
                    .iter()
                    .map(|&point| Circle::new(point, 4, HELD_OUT.filled())),
            )
            .map_err(failed)?
            .label("held out")
            .legend(|(x, y)| Circle::new((x + 11, y), 4, HELD_OUT.filled()));
    }
    chart
        .configure_series_labels()
        .position(lines.legend.clone())
        .margin(8)
        .legend_area_size(30)
        .label_font(("sans-serif", 13, &INK))
        .background_style(WHITE.mix(0.88))
        .border_style(BLACK.mix(0.15))
        .draw()
        .map_err(failed)
}

fn finite(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    points
        .iter()
        .copied()
        .filter(|(_, loss)| loss.is_finite())
        .collect()
}

/// For each point the value there of a straight line fitted to the twentieth of the points around it. Unlike a running
/// mean it does not lag behind, and unlike a centred one it does not bend the ends.
fn smoothed(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    let half = (points.len() / 40).max(2);
    // Sums of y and of index * y up to each point, so that the sums over any window are differences.
    let mut sums = Vec::with_capacity(points.len() + 1);
    let mut sum = (0.0, 0.0);
    sums.push(sum);
    for (index, &(_, loss)) in points.iter().enumerate() {
        sum = (sum.0 + loss, sum.1 + index as f64 * loss);
        sums.push(sum);
    }
    points
        .iter()
        .enumerate()
        .map(|(at, &(step, _))| {
            let (from, to) = (at.saturating_sub(half), (at + half + 1).min(points.len()));
            let number = (to - from) as f64;
            let center = (from + to - 1) as f64 / 2.0;
            let total = sums[to].0 - sums[from].0;
            let moment = sums[to].1 - sums[from].1 - center * total;
            // Of 0, 1, ..., n - 1 around their mean.
            let spread = number * (number * number - 1.0) / 12.0;
            let slope = if spread > 0.0 { moment / spread } else { 0.0 };
            (step, total / number + slope * (at as f64 - center))
        })
        .collect()
}

/// At most about [`MAX_POINTS`] points: of each run of points the lowest and the highest, so that no spike is lost.
fn thinned(points: &[(u64, f64)]) -> Vec<(u64, f64)> {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let run = points.len().div_ceil(MAX_POINTS / 2);
    let mut kept = Vec::with_capacity(MAX_POINTS + 2);
    for run in points.chunks(run) {
        let by_loss = |one: &&(u64, f64), other: &&(u64, f64)| one.1.total_cmp(&other.1);
        if let (Some(low), Some(high)) = (run.iter().min_by(by_loss), run.iter().max_by(by_loss)) {
            let (first, second) = if low.0 <= high.0 {
                (low, high)
            } else {
                (high, low)
            };
            kept.push(*first);
            if first != second {
                kept.push(*second);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{MAX_POINTS, StageCurve, curves_svg, log_ticks, smoothed, thinned};
    use crate::report::html::tests::sample;

    #[test]
    fn a_panel_per_stage() {
        let data = sample();
        let svg = curves_svg(&data.title, &data.stages).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in [
            "align",
            "instruct",
            "held out",
            "training, smoothed",
            "step",
            "loss",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
        if let Some(folder) = std::env::var_os("MOLGLOT_SHOW") {
            std::fs::write(std::path::Path::new(&folder).join("curves.svg"), svg).unwrap();
        }
    }

    #[test]
    fn odd_curves_are_drawn_too() {
        let curve = |train: Vec<(u64, f64)>, held_out: Vec<(u64, f64)>| StageCurve {
            name: "<odd> & \"long\" ".repeat(20),
            train,
            held_out,
        };
        for stages in [
            vec![],
            vec![curve(vec![], vec![])],
            vec![curve(vec![(5, 1.0)], vec![])],
            vec![curve(vec![], vec![(0, 0.0)])],
            vec![curve(vec![(1, f64::NAN), (2, f64::INFINITY)], vec![])],
            vec![curve(vec![(1, -3.0), (2, 1e9)], vec![(2, 0.0)])],
            vec![curve(vec![(1, 1e-30), (2, 1e30)], vec![])],
            vec![curve(
                vec![(u64::MAX - 1, 1.0), (u64::MAX - 1, 1.0)],
                vec![],
            )],
        ] {
            let svg = curves_svg("<title>", &stages).unwrap();
            assert!(!svg.contains("<odd>") && !svg.contains("<title>"));
        }
    }

    #[test]
    fn smoothing_keeps_straight_lines_straight() {
        let line: Vec<(u64, f64)> = (0..200)
            .map(|step| (step, 3.0 - step as f64 * 0.01))
            .collect();
        for (point, smooth) in line.iter().zip(smoothed(&line)) {
            assert!((point.1 - smooth.1).abs() < 1e-9);
        }
    }

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(log_ticks(0.11, 9.0), [0.2, 0.5, 1.0, 2.0, 5.0]);
        assert_eq!(log_ticks(0.5, 20_000.0).len(), 5);
        assert!(log_ticks(1e-30, 1e30).len() <= 8);
    }

    #[test]
    fn thinning_keeps_spikes() {
        let mut points: Vec<(u64, f64)> = (0..100_000).map(|step| (step, 1.0)).collect();
        points[54_321].1 = 9.0;
        let thin = thinned(&points);
        assert!(thin.len() <= MAX_POINTS);
        assert!(thin.contains(&(54_321, 9.0)));
        assert!(thin.is_sorted_by_key(|point| point.0));
    }
}
