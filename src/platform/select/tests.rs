use super::*;

fn deployment(id: &str, name: &str, template: Option<&str>, labels: &[(&str, &str)]) -> Deployment {
    let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Deployment {
        id: id.to_owned(),
        name: name.to_owned(),
        template: template.map(str::to_owned),
        labels,
        state: State::Running,
        project: (name == "web").then(|| "shop".to_owned()),
        ..Deployment::default()
    }
}

fn there() -> Vec<Deployment> {
    let managed = ("managed-by", "mcp-template");
    vec![
        deployment(
            "aa11bb22cc33dd",
            "mcp-filesystem-1",
            Some("filesystem"),
            &[("template", "filesystem"), managed],
        ),
        deployment("aa11ff22cc33dd", "mcp-filesystem-10", Some("filesystem"), &[("template", "filesystem")]),
        deployment("bb", "github", Some("tools"), &[managed]),
        deployment("cc", "x", Some("github"), &[("mcpp.collect", "true")]),
        deployment("dd", "web", None, &[("note", "a,b\nc=d")]),
    ]
}

fn chosen(selection: &Selection) -> Vec<String> {
    let all = there();
    let choice = selection.resolve(&all).unwrap();
    all.iter().filter(|one| choice.fits(one)).map(|one| one.name.clone()).collect()
}

fn targets(words: &[&str]) -> Selection {
    Selection { targets: words.iter().map(|word| (*word).to_owned()).collect(), ..Selection::default() }
}

#[test]
fn a_target_is_a_name_an_id_or_a_template() {
    for (target, expected) in [
        ("mcp-filesystem-1", &["mcp-filesystem-1"] as &[&str]),
        ("filesystem", &["mcp-filesystem-1", "mcp-filesystem-10"]),
        // A name wins over a template of the same word.
        ("github", &["github"]),
        ("aa11bb", &["mcp-filesystem-1"]),
        ("AA11BB22CC33DD", &["mcp-filesystem-1"]),
        ("web", &["web"]),
        ("mcp-*-1", &["mcp-filesystem-1"]),
    ] {
        assert_eq!(chosen(&targets(&[target])), expected, "{target}");
    }
}

#[test]
fn what_is_not_there_says_what_may_have_been_meant() {
    for (target, expected) in [
        ("filesytem", "no deployment 'filesytem'; did you mean 'filesystem' (2 running)?"),
        ("gihtub", "no deployment 'gihtub'; did you mean 'github' (running)?"),
        ("mcp-filesystem-", "no deployment 'mcp-filesystem-'; did you mean 'filesystem' (2 running)?"),
        ("quite-another", "no deployment 'quite-another'"),
        ("aa11", "'aa11' is the beginning of 2 ids: mcp-filesystem-1, mcp-filesystem-10"),
    ] {
        let misses = targets(&[target]).resolve(&there()).unwrap_err();
        let said = misses[0].to_string();
        if target == "mcp-filesystem-" {
            assert!(said.contains("did you mean 'mcp-filesystem-1' (running)?"), "{said}");
        } else {
            assert_eq!(said, expected);
        }
    }
    assert_eq!(targets(&["nope-1", "web", "nope-2"]).resolve(&there()).unwrap_err().len(), 2);
}

#[test]
fn all_is_what_the_platform_made_or_what_asks_for_it() {
    let all = Selection { all: true, ..Selection::default() };
    assert_eq!(chosen(&all), ["mcp-filesystem-1", "mcp-filesystem-10", "github", "x"]);
    let more = Selection { all: true, ..targets(&["web"]) };
    assert_eq!(chosen(&more).len(), 5);
    let less = Selection { exclude: vec!["filesystem".into(), "x".into()], ..all };
    assert_eq!(chosen(&less), ["github"]);
}

#[test]
fn labels_and_projects_narrow_or_choose_alone() {
    let label = |text: &str| Selection { labels: vec![Label::parse(text)], ..Selection::default() };
    assert_eq!(chosen(&label("note=a,b\nc=d")), ["web"]);
    assert_eq!(chosen(&label("template")), ["mcp-filesystem-1", "mcp-filesystem-10"]);
    assert_eq!(chosen(&label("template=x")), [""; 0]);
    let both = Selection { labels: vec![Label::parse("managed-by")], ..targets(&["filesystem"]) };
    assert_eq!(chosen(&both), ["mcp-filesystem-1"]);
    let project = Selection { projects: vec!["shop".into(), "other".into()], ..Selection::default() };
    assert_eq!(chosen(&project), ["web"]);
    assert_eq!(chosen(&Selection::default()), [""; 0]);
}

#[test]
fn what_is_not_there_yet_can_be_waited_for() {
    let choice = targets(&["filesystem", "aa11bb22cc33"]).to_choice();
    let fitting = there().iter().filter(|one| choice.fits(one)).count();
    assert_eq!(fitting, 2);
    // A short word of hex digits is no id unless it is looked up.
    let choice = targets(&["aa11"]).to_choice();
    assert!(!there().iter().any(|one| choice.fits(one)));
}
