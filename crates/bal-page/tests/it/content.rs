//! The page as a text.

use crate::sample::{HOSTILE, IMAGES, page};
use bal_page::{MOST_RUNS, PageError};

#[test]
fn the_same_data_give_the_same_bytes() {
    assert_eq!(page(2, 10).html().unwrap(), page(2, 10).html().unwrap());
}

#[test]
fn what_comes_from_files_stays_text() {
    let mut page = page(2, 10);
    page.title = HOSTILE.into();
    page.command = HOSTILE.into();
    page.made_by = HOSTILE.into();
    let run = &mut page.runs[0];
    run.traces[0].name = HOSTILE.into();
    run.evaluations[0].attack = HOSTILE.into();
    run.record.method = HOSTILE.into();
    run.record.experiment = serde_json::json!({ HOSTILE: HOSTILE });
    let answers = run.answers.as_mut().unwrap();
    answers.classes[3] = HOSTILE.into();
    answers.images = HOSTILE.into();
    answers.attacked.as_mut().unwrap().attack = HOSTILE.into();
    let html = page.html().unwrap();
    assert_eq!(html.matches("<script").count(), 1);
    assert!(!html.contains("<img src=x"));
    // Out of an attribute, neither.
    assert!(!html.contains("</script>\"'"));
    assert!(html.contains("&lt;script&gt;throw 1&lt;/script&gt;&quot;"));
}

#[test]
fn chains_that_stand_still_apart_come_first_and_what_is_not_measured_is_said() {
    let mut page = page(1, 10);
    let traces = &mut page.runs[0].traces;
    let last = traces.len() - 1;
    traces[last].name = "the one that stands still".into();
    traces[last].r_hat = Some(f64::INFINITY);
    let html = page.html().unwrap();
    let infinite =
        html.find("the one that stands still – R-hat infinite (chains stand still apart)").unwrap();
    assert!(infinite < html.find(" – R-hat 1.").unwrap());
    assert!(html.contains("1 of them cannot be measured, which is no agreement."));
}

#[test]
fn nothing_is_fetched_from_anywhere() {
    let html = page(2, 10).html().unwrap();
    for address in ["http:", "https:", "src=\"/", "url(", "@import"] {
        assert!(!html.contains(address), "{address}");
    }
    assert_eq!(html.matches(" src=\"").count(), html.matches(" src=\"data:image/png;base64,").count());
}

#[test]
fn headings_descend_one_by_one_and_every_reference_has_its_target() {
    let html = page(2, 10).html().unwrap();
    let levels: Vec<u32> = html
        .match_indices("<h")
        .filter_map(|(at, _)| html[at + 2..].chars().next().and_then(|c| c.to_digit(10)))
        .collect();
    assert_eq!(levels[0], 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    for attribute in ["aria-labelledby=\"", "aria-describedby=\"", "href=\"#"] {
        for (at, _) in html.match_indices(attribute) {
            let id = html[at + attribute.len()..].split('"').next().unwrap();
            assert_eq!(html.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
        }
    }
}

#[test]
fn figures_have_a_reading_and_a_table_of_all_values() {
    let html = page(1, 10).html().unwrap();
    for figure in html.split("<figure").skip(1) {
        let figure = figure.split("</figure>").next().unwrap();
        let reading = figure.split("-reading\">").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(reading.len() > 20, "{reading}");
        let (_, table) = figure.split_once("<details").unwrap();
        assert!(table.contains("<summary>") && table.contains("<td>"), "{}", &figure[..200]);
        // A table of more than a page is not printed unasked.
        let rows = table.matches("<tr>").count() - 1;
        assert!(table.contains(&format!("({rows} rows)")), "{rows}");
        assert_eq!(table.starts_with(" class=\"long\""), rows > 40, "{rows}");
    }
    // Radii by attacks, and the verdict's numbers are those of the evaluations.
    let accuracy = html.split("id=\"accuracy-by-radius\"").nth(1).unwrap().split("</figure>").next().unwrap();
    assert_eq!(accuracy.matches("<tr>").count(), 1 + 2 * 7);
    let of = page(1, 10).runs[0].evaluations[0].accuracy[6];
    assert!(accuracy.contains(&format!("keeps {:.1}\u{a0}%", 100.0 * of)));
}

#[test]
fn data_that_do_not_fit_are_named() {
    let mut none = page(1, 10);
    none.runs.clear();
    assert_eq!(none.html(), Err(PageError::NoRuns));
    assert_eq!(page(MOST_RUNS + 1, 10).html(), Err(PageError::TooManyRuns(MOST_RUNS + 1)));
    let said = |change: &dyn Fn(&mut bal_page::Answers)| {
        let mut page = page(1, 10);
        change(page.runs[0].answers.as_mut().unwrap());
        page.html().unwrap_err().to_string()
    };
    assert!(said(&|a| a.clean[7].answer.label = 10).contains("mnist-run-0: an image has label 10"));
    assert!(said(&|a| a.clean[IMAGES - 1].answer.probabilities.truncate(4)).contains("4 probabilities"));
    assert!(said(&|a| a.clean[0].answer.probabilities[0] = f64::NAN).contains("NaN"));
    assert!(said(&|a| a.clean.clear()).contains("no answer"));
    let short = said(&|a| a.attacked.as_mut().unwrap().examples[2].attacked.truncate(9));
    assert!(short.contains("image 2 has 9 values"), "{short}");
}

#[test]
fn a_run_of_which_only_the_record_is_known_has_a_page_too() {
    let mut page = page(1, 10);
    let run = &mut page.runs[0];
    (run.answers, run.traces, run.evaluations, run.training_accuracy) = (None, vec![], vec![], vec![]);
    run.record.curves.clear();
    let html = page.html().unwrap();
    assert!(html.contains("Settings") && !html.contains("<figure") && !html.contains("id=\"gallery\""));
    // A curve of one point, draws that are not finite, a chain that does not move.
    let run = &mut page.runs[0];
    run.record.curves.insert("loss".into(), vec![(1, 0.5)]);
    let chains = vec![vec![f64::NAN; 5], vec![1.0; 5], vec![]];
    run.traces.push(bal_page::Trace {
        name: "x".into(),
        chains,
        r_hat: Some(f64::NAN),
        ess_bulk: None,
        ess_tail: None,
    });
    let html = page.html().unwrap();
    assert!(html.contains("Chains of") && !html.contains("NaN") && !html.contains("inf "));
}

#[test]
fn a_curve_that_not_all_runs_have_says_whose_it_is() {
    let mut page = page(3, 10);
    page.runs[2].record.curves.clear();
    page.runs[2].training_accuracy.clear();
    page.runs[0].record.curves.remove("data_energy");
    let html = page.html().unwrap();
    let figure = html.split("id=\"losses\"").nth(1).unwrap().split("</figure>").next().unwrap();
    let key = figure.split("class=\"key\"").nth(1).unwrap().split("</ul>").next().unwrap();
    assert_eq!(key.matches("<li").count(), 2);
    assert!(figure.contains("Training loss: mnist-run-0, &lt;script&gt;"));
    assert!(figure.contains("Energy of the data chains: &lt;script&gt;"));
}
