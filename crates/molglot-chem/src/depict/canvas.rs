//! Writing shapes of an SVG.

use std::fmt::Write;

pub(super) type Point = [f32; 2];

/// The text of an SVG while it grows. Writing to a string does not fail.
pub(super) struct Canvas {
    out: String,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let mut out = String::new();
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\">"
        );
        Self { out }
    }

    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</svg>\n");
        self.out
    }

    pub(super) fn open_group(&mut self, attributes: &str) {
        let _ = write!(self.out, "<g {attributes}>");
    }

    pub(super) fn close_group(&mut self) {
        self.out.push_str("</g>");
    }

    pub(super) fn ground(&mut self, color: &str) {
        let _ = write!(
            self.out,
            "<rect width=\"100%\" height=\"100%\" fill=\"{color}\"/>"
        );
    }

    pub(super) fn line(&mut self, [a, b]: [Point; 2], color: &str) {
        let _ = write!(
            self.out,
            "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{color}\"/>",
            a[0], a[1], b[0], b[1]
        );
    }

    pub(super) fn polygon(&mut self, corners: &[Point], color: &str) {
        let _ = write!(self.out, "<path d=\"");
        for (at, [x, y]) in corners.iter().enumerate() {
            let _ = write!(self.out, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
        }
        let _ = write!(self.out, "Z\" fill=\"{color}\" stroke=\"none\"/>");
    }

    pub(super) fn disc(&mut self, center: Point, radius: f32, color: &str) {
        let _ = write!(
            self.out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius:.1}\" fill=\"{color}\" stroke=\"none\"/>",
            center[0], center[1]
        );
    }

    /// Text of symbols and numbers that starts at a place of its baseline; the size is in pixels.
    pub(super) fn text(&mut self, [x, y]: Point, size: f32, color: &str, text: &str) {
        let _ = write!(
            self.out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" fill=\"{color}\">"
        );
        self.out.push_str(text);
        self.out.push_str("</text>");
    }
}
