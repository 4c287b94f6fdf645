//! How figures look can be changed from the experiment file, and nothing but figures runs again: told by
//! the real binary.

mod common;

use common::{Project, SMALL};

/// An experiment with a composite figure of its statistics.
fn with_composite(look: &str) -> String {
    format!(
        "{SMALL}\n[stages.learning]\nkind = \"composite\"\npanels = [\"growth\", \"psth\", \"endpoints\"]\n{look}\n"
    )
}

fn drawing(project: &Project, name: &str) -> String {
    let path = project.path("outputs/small/figures").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_setting_of_a_look_draws_that_figure_again_and_nothing_else() {
    let project = Project::new(SMALL);
    project.run().ok();
    let before = drawing(&project, "fig_growth.seed=1.svg");
    let with =
        |look: &str| SMALL.replace("[stages.growth]", &format!("[stages.growth]\nfigure = {{ {look} }}"));
    for (look, shows) in [
        ("title = \"The title\"", "The title"),
        ("font_pt = 9", "font-size=\"3"),
        ("colors = { overlap = \"#123456\", early = \"teal\" }", "#123456"),
        ("x_limits = [0, 0.2]", "trials trained"),
        ("y_limits = [0, 2]", "performance"),
        ("legend = \"right\"", "overlap"),
        ("height_mm = 120", "height=\"120mm\""),
    ] {
        project.write(&with(look));
        assert_eq!(project.run().ok().ran(), ["fig_growth[seed=1]"], "{look}");
        let svg = drawing(&project, "fig_growth.seed=1.svg");
        assert!(svg != before, "{look} changes nothing");
        assert!(svg.contains(shows), "{look}: there is no {shows}");
    }
    project.write(&with("legend = \"none\""));
    assert_eq!(project.run().ok().ran(), ["fig_growth[seed=1]"]);
    assert!(!drawing(&project, "fig_growth.seed=1.svg").contains("overlap"));
}

#[test]
fn only_the_formats_that_are_asked_for_are_made() {
    let project = Project::new(SMALL);
    project.run().ok();
    let files = || -> Vec<String> {
        let files = project.files("outputs/small/figures").into_keys();
        let names = files.map(|path| path.display().to_string()).filter(|name| name.contains("psth"));
        names.collect()
    };
    assert_eq!(files(), ["fig_psth.seed=1.pdf", "fig_psth.seed=1.png", "fig_psth.seed=1.svg"]);
    project.write(&SMALL.replace("[stages.psth]", "[stages.psth]\nfigure = { formats = [\"png\"] }"));
    assert_eq!(project.run().ok().ran(), ["fig_psth[seed=1]"]);
    assert_eq!(files(), ["fig_psth.seed=1.png"]);
    let report = std::fs::read_to_string(project.path("outputs/small/report.html")).expect("a report");
    assert!(report.contains("data:image/png;base64,"), "the report shows what there is");
}

#[test]
fn a_composite_figure_runs_again_alone_when_its_look_changes() {
    let project = Project::new(&with_composite(""));
    assert!(project.run().ok().ran().contains(&"learning[seed=1]".to_owned()));
    let svg = drawing(&project, "learning.seed=1.svg");
    assert!(svg.contains("width=\"180mm\""));
    for look in [
        "rows = [1, 2]",
        "rows = [1, 2]\nlooks.B = { title = \"Delay\", y_limits = [-1, 4], width_mm = 100 }",
        "figure = { title = \"Learning\", width_mm = 150, font_pt = 6 }",
        "figure = { height_mm = 260, colors = { early = \"teal\" } }",
    ] {
        project.write(&with_composite(look));
        assert_eq!(project.run().ok().ran(), ["learning[seed=1]"], "{look}");
    }
    assert!(drawing(&project, "learning.seed=1.svg").contains("height=\"260mm\""));
    project.write(&with_composite("").replace("[stages.growth]", "[stages.growth]\nwindow = 2"));
    assert_eq!(project.run().ok().ran(), ["fig_growth[seed=1]", "growth[seed=1]", "learning[seed=1]"]);
}

#[test]
fn a_composite_needs_no_figures_of_its_statistics_and_says_its_defaults() {
    let alone = with_composite("").replace("[stages.psth]", "[stages.psth]\nfigure = false");
    let project = Project::new(&alone);
    let ran = project.run().ok().ran();
    assert!(ran.contains(&"learning[seed=1]".to_owned()) && !ran.contains(&"fig_psth[seed=1]".to_owned()));
    let output =
        project.command(&["plan", "experiment.toml", "--resolved"]).output().expect("the binary runs");
    let resolved = String::from_utf8(output.stdout).expect("text");
    assert!(resolved.contains("panels = [\"growth\", \"psth\", \"endpoints\"]"), "{resolved}");
    assert!(resolved.contains("width_mm = 180.0"), "{resolved}");
    project.write(&resolved);
    assert!(project.run().ok().ran().is_empty(), "the defaults written out change no key");
}

#[test]
fn figures_bring_their_fonts_along_and_say_no_date() {
    let project = Project::new(SMALL);
    project.run().ok();
    let svg = drawing(&project, "fig_psth.seed=1.svg");
    assert_eq!(svg.matches("@font-face").count(), 2);
    assert!(svg.contains(">normalised rate") || svg.contains("normalised rate\n"), "text is text");
    assert!(
        !svg.contains("http://") || svg.matches("http://").count() == 1,
        "nothing is asked of the network"
    );
    let path = project.path("outputs/small/figures/fig_psth.seed=1.pdf");
    let pdf = String::from_utf8_lossy(&std::fs::read(path).expect("a PDF")).into_owned();
    assert!(pdf.starts_with("%PDF-") && !pdf.contains("Date"));
    assert!(pdf.contains("LiberationSans"), "the font comes along");
    let report = std::fs::read_to_string(project.path("outputs/small/report.html")).expect("a report");
    assert_eq!(report.matches("@font-face").count(), 2, "the report has the fonts once");
}

#[test]
fn a_colour_of_nothing_is_told() {
    let colors = "figure = { colors = { erly = \"teal\", odr500 = \"teal\", mature = \"teal\" } }";
    let experiment = with_composite(colors).replace("[stages.growth]", &format!("[stages.growth]\n{colors}"));
    let said = Project::new(&experiment).run().ok().stderr;
    let warnings: Vec<&str> = said.lines().filter(|line| line.contains("`colors.")).collect();
    let warning =
        |of: &str| format!("{of}[seed=1]: warning: `colors.erly` is not used: nothing here is called that");
    assert_eq!(warnings.len(), 2, "{said}");
    assert!(["fig_growth", "learning"].iter().all(|of| warnings.contains(&warning(of).as_str())), "{said}");
}
