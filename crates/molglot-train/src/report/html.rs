//! The report as one page that needs nothing but itself.

use std::fmt::{self, Write};

use super::curves::{DrawError, curves_svg};
use super::data::{Example, MetricRow, ReportData};
use super::number::{count, duration, value};

const STYLE: &str = include_str!("style.css");

/// The page: HTML with its style and drawings inline, no scripts, nothing fetched.
///
/// # Errors
///
/// [`DrawError`] if the curves cannot be drawn.
pub fn report_html(data: &ReportData) -> Result<String, DrawError> {
    let curves = curves_svg("", &data.stages)?;
    let mut page = String::new();
    // Writing into a string cannot fail.
    let _ = write_page(&mut page, data, &curves);
    Ok(page)
}

fn write_page(page: &mut String, data: &ReportData, curves: &str) -> fmt::Result {
    let title = escape(&data.title);
    write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n"
    )?;
    if !data.summary.is_empty() {
        writeln!(page, "<p class=\"summary\">{}</p>", escape(&data.summary))?;
    }
    write_facts(page, data)?;
    write_metrics(page, &data.metrics)?;
    writeln!(
        page,
        "<section>\n<h2>Curves</h2>\n<div class=\"scroll curves\">\n{curves}</div>\n</section>"
    )?;
    write_examples(page, &data.examples)?;
    writeln!(
        page,
        "<section>\n<h2>Recipe</h2>\n<pre>{}</pre>\n</section>",
        escape(&data.recipe)
    )?;
    if !data.versions.is_empty() {
        writeln!(page, "<section>\n<h2>Versions</h2>\n<dl class=\"facts\">")?;
        for (name, version) in &data.versions {
            fact(page, name, version)?;
        }
        writeln!(page, "</dl>\n</section>")?;
    }
    writeln!(page, "</main>\n</body>\n</html>")
}

fn fact(page: &mut String, name: &str, text: &str) -> fmt::Result {
    writeln!(
        page,
        "<div><dt>{}</dt><dd>{}</dd></div>",
        escape(name),
        escape(text)
    )
}

fn write_facts(page: &mut String, data: &ReportData) -> fmt::Result {
    let counts = &data.counts;
    writeln!(page, "<dl class=\"facts\">")?;
    if !data.device.is_empty() {
        fact(page, "device", &data.device)?;
    }
    fact(page, "time", &duration(data.seconds))?;
    for (name, number) in [
        ("rows read", counts.rows),
        ("rows set aside", counts.quarantined),
        ("SMILES unescaped", counts.unescaped),
        ("trained on", counts.train),
        ("held out", counts.held_out),
    ] {
        fact(page, name, &count(number))?;
    }
    writeln!(page, "</dl>")
}

fn write_metrics(page: &mut String, metrics: &[MetricRow]) -> fmt::Result {
    if metrics.is_empty() {
        return Ok(());
    }
    writeln!(
        page,
        "<section>\n<h2>Before and after</h2>\n<div class=\"scroll\"><table>\n<thead><tr><th>metric</th><th>before</th>\
         <th>after</th><th>chance</th></tr></thead>\n<tbody>"
    )?;
    for row in metrics {
        // The mark says it to those who do not see the colour.
        let (class, mark) = match row.improved() {
            Some(true) => (" class=\"better\"", " \u{2713}"),
            _ => ("", ""),
        };
        writeln!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td{class}>{}{mark}</td><td>{}</td></tr>",
            escape(&row.name),
            value(row.before),
            value(row.after),
            value(row.chance)
        )?;
    }
    writeln!(page, "</tbody>\n</table></div>\n</section>")
}

fn write_examples(page: &mut String, examples: &[Example]) -> fmt::Result {
    if examples.is_empty() {
        return Ok(());
    }
    writeln!(page, "<section>\n<h2>Examples</h2>")?;
    for example in examples {
        writeln!(page, "<article>")?;
        if let Some(svg) = &example.depiction {
            // As an image, in which no script runs, no style leaks and no id clashes with that of another drawing.
            writeln!(
                page,
                "<img alt=\"structure of {}\" src=\"data:image/svg+xml,{}\">",
                escape(&example.id),
                percent_encoded(svg)
            )?;
        }
        writeln!(
            page,
            "<div>\n<h3>{}</h3>\n<code>{}</code>",
            escape(&example.id),
            escape(&example.smiles)
        )?;
        writeln!(page, "<dl>")?;
        let before = example
            .before
            .as_ref()
            .map(|text| ("before training", text));
        let texts = [("reference", &example.reference)]
            .into_iter()
            .chain(before)
            .chain([("model", &example.answer)]);
        for (name, text) in texts {
            let text = if text.trim().is_empty() {
                "(empty)".to_owned()
            } else {
                escape(text)
            };
            writeln!(page, "<dt>{name}</dt><dd>{text}</dd>")?;
        }
        writeln!(page, "</dl>\n</div>\n</article>")?;
    }
    writeln!(page, "</section>")
}

/// `text` with nothing in it that HTML would read as markup, in an element or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // HTML has no such characters, not even written as numbers.
            letter if letter.is_control() && !matches!(letter, '\n' | '\t') => {
                escaped.push('\u{fffd}');
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// `text` for a data URL in a quoted attribute.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~ /:;,=()".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
pub(super) mod tests {
    use super::{ReportData, escape, report_html};
    use crate::data::RandomStream;
    use crate::report::data::{Better, Counts, Example, MetricRow, StageCurve};

    /// A report as a small run would make it.
    pub(in crate::report) fn sample() -> ReportData {
        let mut noise = RandomStream::new("sample", &[]);
        let mut curve = |name: &str, steps: u64, from: f64, to: f64, rate: f64| {
            let clean = |step: u64| to + (from - to) * (-rate * step as f64 / steps as f64).exp();
            StageCurve {
                name: name.to_owned(),
                train: (1..=steps)
                    .map(|step| (step, clean(step) * (0.9 + 0.2 * noise.unit())))
                    .collect(),
                held_out: (0..=10)
                    .map(|part| part * steps / 10)
                    .map(|step| (step, clean(step) * 1.04))
                    .collect(),
            }
        };
        let metric = |name: &str, before, after, chance, better| MetricRow {
            name: name.to_owned(),
            before: Some(before),
            after: Some(after),
            chance,
            better,
        };
        let example = |id: &str, smiles: &str, reference: &str, answer: &str| {
            Example {
            id: id.to_owned(),
            smiles: smiles.to_owned(),
            reference: reference.to_owned(),
            before: Some("the the the of of".to_owned()),
            answer: answer.to_owned(),
            depiction: Some(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 60\"><path fill=\"none\" stroke=\"#333\" \
                 stroke-width=\"2\" d=\"M20 40 L40 28 L60 40\"/><text x=\"62\" y=\"44\" font-size=\"12\" \
                 fill=\"#c00\">OH</text></svg>"
                    .to_owned(),
            ),
        }
        };
        ReportData {
            title: "quickstart: molecules to words".to_owned(),
            summary: "A graph encoder is joined to a small language model on 2,900 molecules of ChEBI-20.".to_owned(),
            recipe: "seed = 7\n\n[projector]\nkind = \"mlp\"\nhidden = 64\n\n[[stage]]\nname = \"align\"\nepochs = 2\n"
                .to_owned(),
            metrics: vec![
                metric("held-out loss", 6.91, 2.3456, None, Better::Lower),
                metric("retrieval R@1 (%)", 0.25, 12.47, Some(0.249), Better::Higher),
                metric("BLEU-4", 0.0, 0.2134, None, Better::Higher),
                metric("validity (%)", 100.0, 98.2, None, Better::Higher),
            ],
            stages: vec![
                curve("align (contrastive)", 400, 4.2, 1.1, 3.0),
                curve("instruct (next token)", 12_000, 9.3, 0.12, 7.0),
                curve("a stage that diverges", 30, 1.5, 4.0, 4.0),
            ],
            examples: vec![
                example(
                    "CHEBI:16236",
                    "CCO",
                    "The molecule is a primary alcohol that is ethane in which one hydrogen is replaced by <hydroxy>.",
                    "The molecule is a primary alcohol.",
                ),
                example(
                    "92470518",
                    "CC(=CCC1=CC2=C(C=C1OC)OC[C@@]3([C@H]2OC4=C3C=CC(=C4)O)O)C",
                    "The molecule is a member of the class of pterocarpans & a plant metabolite.",
                    "",
                ),
            ],
            counts: Counts {
                rows: 3301,
                quarantined: 3,
                unescaped: 502,
                train: 2897,
                held_out: 401,
            },
            device: "flex (CPU, 8 threads)".to_owned(),
            seconds: 187.0,
            versions: vec![
                ("molglot".to_owned(), "0.1.0".to_owned()),
                ("burn".to_owned(), "0.22.1".to_owned()),
            ],
        }
    }

    #[test]
    fn the_page_has_everything_and_fetches_nothing() {
        let page = report_html(&sample()).unwrap();
        for text in [
            "<title>quickstart",
            "3,301",
            "502",
            "2.346 \u{2713}",
            "kind = &quot;mlp&quot;",
            "&lt;hydroxy&gt;",
            "(empty)",
            "3 min 7 s",
            "data:image/svg+xml,%3Csvg",
            "align (contrastive)",
        ] {
            assert!(page.contains(text), "{text}");
        }
        // The names of XML namespaces are the only addresses.
        let addresses: Vec<&str> = page
            .match_indices("http")
            .map(|(at, _)| &page[at..at + 26])
            .filter(|address| !address.starts_with("http://www.w3.org/2000/svg"))
            .collect();
        assert!(addresses.is_empty(), "{addresses:?}");
        assert!(!page.contains("<script") && !page.contains("@import") && !page.contains("url("));
        if let Some(folder) = std::env::var_os("MOLGLOT_SHOW") {
            std::fs::write(std::path::Path::new(&folder).join("report.html"), page).unwrap();
        }
    }

    #[test]
    fn nothing_a_model_says_becomes_markup() {
        let evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{0}";
        let mut data = sample();
        data.title = evil.to_owned();
        data.summary = evil.to_owned();
        data.recipe = evil.to_owned();
        data.device = evil.to_owned();
        data.metrics[0].name = evil.to_owned();
        data.stages[0].name = evil.to_owned();
        data.versions[0] = (evil.to_owned(), evil.to_owned());
        data.examples[0] = Example {
            id: evil.to_owned(),
            smiles: evil.to_owned(),
            reference: evil.to_owned(),
            before: Some(evil.to_owned()),
            answer: evil.to_owned(),
            depiction: Some(evil.to_owned()),
        };
        let page = report_html(&data).unwrap();
        assert!(
            !page.contains("<script") && !page.contains("<img src=x") && !page.contains('\u{0}')
        );
        assert_eq!(page.matches("<img ").count(), 2);
    }

    #[test]
    fn an_empty_report_is_a_page() {
        let page = report_html(&ReportData::default()).unwrap();
        assert!(page.contains("no losses were recorded"));
    }

    #[test]
    fn escaping() {
        assert_eq!(
            escape("a<b>&\"'\u{1}\n"),
            "a&lt;b&gt;&amp;&quot;&#39;\u{fffd}\n"
        );
    }
}
