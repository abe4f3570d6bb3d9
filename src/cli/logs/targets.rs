//! Which deployments a command line means, and what to say where it means none.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::cli::{DONE, FAILED, USAGE, connect, fail};
use crate::platform::deployment::State;
use crate::platform::select::{self, Label, Selection};
use crate::platform::{Client, Deployment, likeness};

use super::Logs;

/// Deployments named in a hint.
const SHOWN: usize = 30;

/// Containers whose last lines are looked at for a hint, and how long that may take.
const LOOKED_AT: usize = 20;
const PATIENCE: Duration = Duration::from_secs(2);

impl Logs {
    /// What the flags choose.
    fn to_selection(&self) -> Selection {
        Selection {
            all: self.all,
            targets: self.targets.clone(),
            labels: self.label.iter().map(|text| Label::parse(text)).collect(),
            projects: self.project.clone(),
            exclude: Vec::new(),
        }
    }

    /// Settings of the source that reads what the flags choose.
    pub(super) fn to_docker(&self) -> Map<String, Value> {
        let mut settings = Map::new();
        let mut put = |key: &str, value: Value| drop(settings.insert(key.to_owned(), value));
        put("all", json!(self.all));
        put("targets", json!(self.targets));
        let labels = self.label.iter().map(|text| Label::parse(text));
        put("labels", labels.map(|label| (label.key, json!(label.value.unwrap_or_default()))).collect());
        put("projects", json!(self.project));
        put("events", json!(self.events));
        if let Some(host) = &self.engine.host {
            put("host", json!(host));
        }
        if let Some(backend) = &self.engine.backend {
            put("backend", json!(backend.as_str()));
        }
        settings
    }
}

/// Looks up at the engine what the flags choose, and writes full ids where the beginnings of ids stand. `Err` is the exit
/// code of a command that has nothing to read; why is said.
pub(super) fn choose(args: &mut Logs) -> Result<(), u8> {
    let runtime = connect::runtime()?;
    runtime.block_on(async {
        let client = args.engine.connect().await?;
        let all = client.containers(false).await.map_err(|error| fail(&error.to_string()))?;
        let selection = args.to_selection();
        if selection.is_empty() {
            eprintln!("mcpp: no deployment is named");
            eprint!("{}", hint(&client, &all).await);
            return Err(USAGE);
        }
        let choice = selection.resolve(&all).map_err(|misses| {
            for miss in misses {
                fail(&miss.to_string());
            }
            FAILED
        })?;
        for target in &mut args.targets {
            if let Some(id) = whole_id(target, &all) {
                *target = id;
            }
        }
        if !all.iter().any(|deployment| choice.fits(deployment)) {
            eprintln!("mcpp: no container here is one of those");
            eprint!("{}", hint(&client, &all).await);
            if !args.follow {
                return Err(DONE);
            }
        }
        Ok(())
    })
}

/// The id that a target begins, if it is nothing else.
fn whole_id(target: &str, all: &[Deployment]) -> Option<String> {
    let named = |d: &Deployment| d.name == target || d.template.as_deref() == Some(target);
    if target.is_empty() || all.iter().any(named) {
        return None;
    }
    let lower = target.to_ascii_lowercase();
    let mut those = all.iter().filter(|deployment| deployment.id.starts_with(&lower));
    those.next().filter(|_| those.next().is_none()).map(|deployment| deployment.id.clone())
}

/// What runs, which of it looks like MCP servers, and the command that follows those.
async fn hint(client: &Client, all: &[Deployment]) -> String {
    let mut rows: Vec<(&Deployment, bool)> = Vec::new();
    for deployment in all.iter().filter(|d| d.state == State::Running) {
        rows.push((deployment, select::is_mcp(deployment) || likeness::of_name(deployment)));
    }
    if rows.is_empty() {
        return "no container runs\n".to_owned();
    }
    let unsure = rows.iter_mut().filter(|(_, alike)| !alike).take(LOOKED_AT);
    let looks = unsure.map(|(deployment, alike)| async move {
        *alike = likeness::of_lines(client, &deployment.id, PATIENCE).await;
    });
    // One after the other, but all within the time of one: a person waits.
    let _ = tokio::time::timeout(PATIENCE, async {
        for look in looks {
            look.await;
        }
    })
    .await;
    table(&rows)
}

fn table(rows: &[(&Deployment, bool)]) -> String {
    let mut rows = rows.to_vec();
    rows.sort_by_key(|(deployment, alike)| (!alike, deployment.name.clone()));
    let mut text = "running here (* looks like an MCP server):\n".to_owned();
    let shown = &rows[..rows.len().min(SHOWN)];
    let width = shown.iter().map(|(deployment, _)| deployment.name.chars().count()).max().unwrap_or(0);
    for (deployment, alike) in shown {
        let mark = if *alike { '*' } else { ' ' };
        let image = deployment.image.as_deref().unwrap_or("");
        text += &format!("  {mark} {:width$}  {image}\n", deployment.name);
    }
    if rows.len() > SHOWN {
        text += &format!("    and {} more\n", rows.len() - SHOWN);
    }
    let mcp: Vec<&Deployment> = rows.iter().filter(|(_, alike)| *alike).map(|(d, _)| *d).collect();
    let command = if mcp.is_empty() {
        "mcpp logs NAME --follow".to_owned()
    } else if mcp.iter().all(|deployment| select::is_mcp(deployment)) {
        "mcpp logs --all --follow".to_owned()
    } else {
        let names: Vec<&str> = mcp.iter().take(5).map(|deployment| deployment.name.as_str()).collect();
        format!("mcpp logs {} --follow", names.join(" "))
    };
    text + &format!("follow them: {command}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(name: &str, label: Option<&str>) -> Deployment {
        Deployment {
            id: format!("{name:0<64}"),
            name: name.to_owned(),
            image: Some("image:1".to_owned()),
            labels: label.map(|key| (key.to_owned(), "mcp-template".to_owned())).into_iter().collect(),
            state: State::Running,
            ..Deployment::default()
        }
    }

    #[test]
    fn the_hint_marks_mcp_servers_and_ends_in_a_command() {
        let (mcp, other) = (deployment("mcp-a", Some("managed-by")), deployment("db", None));
        let text = table(&[(&other, false), (&mcp, true)]);
        assert_eq!(
            text,
            "running here (* looks like an MCP server):\n  * mcp-a  image:1\n    db     image:1\nfollow them: mcpp logs --all --follow\n"
        );
        let text = table(&[(&other, true), (&mcp, true)]);
        assert!(text.ends_with("follow them: mcpp logs db mcp-a --follow\n"), "{text}");
        let text = table(&[(&other, false)]);
        assert!(text.ends_with("follow them: mcpp logs NAME --follow\n"), "{text}");
    }

    #[test]
    fn a_beginning_of_an_id_becomes_the_id() {
        let all = [deployment("abc", None), deployment("abd", None)];
        assert_eq!(whole_id("abd0", &all), Some(all[1].id.clone()));
        assert_eq!((whole_id("ab", &all), whole_id("abc", &all), whole_id("", &all)), (None, None, None));
    }
}
