//! The engine: which containers there are, what happens to them, and who reads each.
//!
//! * What happens is asked for before the list, so that nothing falls between the two.
//! * After every loss of the engine the list is made anew and every reader looks again.
//! * An engine that is away is waited for; only with `once` it is an error.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::backoff::Backoff;
use super::files::{Files, is_log};
use super::life::Lives;
use super::position::Position;
use super::reader::{Life, Outcome, Reader, Shared, wall};
use super::{Docker, Read};
use crate::event::Nanos;
use crate::platform::deployment::State;
use crate::platform::engine::{Surroundings, find};
use crate::platform::events::{Action, Happening};
use crate::platform::select::Choice;
use crate::platform::{Client, ClientError, Deployment};
use crate::sources::read;
use crate::sources::{Emit, RunMode, Shutdown, SourceError};
use crate::telemetry::fault;
use crate::telemetry::follow::{FOLLOW, Note};

/// Containers that are inspected at the same time.
const AT_ONCE: usize = 16;

/// Reads until the shutdown, or (`once`) all that there is.
pub(super) async fn run(
    source: Docker,
    emit: Emit,
    mode: RunMode,
    mut shutdown: Shutdown,
) -> Result<(), SourceError> {
    let emit = Arc::new(emit);
    let mut backoff = Backoff::default();
    let mut lost = false;
    let client = loop {
        let not = match find(&source.wanted, &Surroundings::here()).await {
            Ok(client) => break client,
            Err(not) => not,
        };
        if mode.once {
            return Err(SourceError::Nothing(not.to_string()));
        }
        emit.ready();
        if !std::mem::replace(&mut lost, true) {
            tracing::warn!("{not}\n  waiting for it");
            FOLLOW.note(Note::EngineLost(not.to_string()));
        }
        tokio::select! {
            () = tokio::time::sleep(backoff.next()) => {}
            _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
        }
    };
    if lost {
        back();
    }
    let lives = source.events.then(|| Lives::new(emit.clone()));
    let shared = Arc::new(Shared {
        client: Mutex::new(client),
        shutdown: shutdown.clone(),
        once: mode.once,
        longest: source.longest,
        since: source.since,
        lives: lives.clone(),
        emit: emit.clone(),
    });
    let (gaps, lost) = mpsc::unbounded_channel();
    let mut engine = Engine {
        lost,
        asked: JoinSet::new(),
        others: HashSet::new(),
        early: HashSet::new(),
        choice: source.selection.to_choice(),
        files: Files::new(source.since, Some(gaps)),
        known: HashMap::new(),
        readers: JoinSet::new(),
        pool: None,
        told: lives.as_ref().and_then(|_| last_told(&emit)),
        chosen: 0,
        read: 0,
        unreadable: Vec::new(),
        source,
        mode,
        lives,
        shared,
    };
    if mode.once {
        return engine.once().await;
    }
    tokio::select! {
        () = engine.follow() => {}
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
    engine.stop().await
}

fn back() {
    tracing::info!("the container engine answers again");
    FOLLOW.reconnects.add(1);
    FOLLOW.note(Note::EngineBack);
}

/// When the last thing happened that was told.
fn last_told(emit: &Emit) -> Option<Nanos> {
    let keys = emit.unclaimed();
    let lives = keys.iter().filter(|key| key.ends_with("/life"));
    lives.filter_map(|key| emit.peek(key)?["life"].as_i64()).filter(|time| *time > 0).max()
}

/// What is known of a container that is chosen.
struct Known {
    deployment: Deployment,
    /// Tells its reader, if it is read by the API.
    life: Option<watch::Sender<Life>>,
    /// Somebody reads it.
    attached: bool,
    /// It counts as followed.
    counted: bool,
}

impl Known {
    fn count(&mut self, yes: bool) {
        if yes && !self.counted {
            FOLLOW.deployments.add(1);
        } else if !yes && self.counted {
            FOLLOW.deployments.sub(1);
        }
        self.counted = yes;
    }

    fn started(&self) {
        if let Some(life) = &self.life {
            life.send_modify(|life| life.starts += 1);
        }
    }
}

/// Whether a container is removed at its end, with its log.
fn vanishes(container: &Deployment) -> bool {
    container.details.as_ref().is_some_and(|details| details.auto_remove)
}

struct Engine {
    source: Docker,
    choice: Choice,
    shared: Arc<Shared>,
    mode: RunMode,
    files: Files,
    known: HashMap<String, Known>,
    readers: JoinSet<Outcome>,
    pool: Option<JoinHandle<Result<(), SourceError>>>,
    lives: Option<Lives>,
    /// Time of the last thing that happened.
    told: Option<Nanos>,
    chosen: usize,
    read: usize,
    unreadable: Vec<String>,
    /// Answers about containers that are new.
    asked: JoinSet<Result<Deployment, ClientError>>,
    /// Containers that are not chosen.
    others: HashSet<String>,
    /// Containers whose start was told before anything was known of them.
    early: HashSet<String>,
    /// Containers whose files have lost text, and how much.
    lost: mpsc::UnboundedReceiver<(String, u64)>,
}

impl Engine {
    /// Reads what is there.
    async fn once(mut self) -> Result<(), SourceError> {
        let nothing = |error: ClientError| SourceError::Nothing(error.to_string());
        self.look(true).await.map_err(nothing)?;
        if !self.files.is_empty() {
            self.start_files();
        } else {
            self.shared.emit.ready();
        }
        while let Some(done) = self.readers.join_next().await {
            self.finished(done);
        }
        let by_file = match self.pool.take() {
            Some(pool) => match pool.await {
                Ok(Ok(())) => 1,
                Ok(Err(error)) => {
                    self.unreadable.push(error.to_string());
                    0
                }
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            None => 0,
        };
        if self.chosen > 0 && self.read + by_file == 0 && !self.unreadable.is_empty() {
            let names = self.unreadable.join(", ");
            return Err(SourceError::Nothing(format!("none of the chosen containers can be read: {names}")));
        }
        Ok(())
    }

    /// Follows for ever.
    async fn follow(&mut self) {
        let mut backoff = Backoff::default();
        let mut first = true;
        loop {
            let ended = self.session(&mut first, &mut backoff).await;
            let why = match ended {
                Ok(()) => "it has closed the connection".to_owned(),
                Err(error) => error.to_string(),
            };
            tracing::warn!(why, "the container engine does not answer any more; waiting for it");
            FOLLOW.note(Note::EngineLost(why));
            // Lost before it was even listed: nobody waits for what it may have.
            self.shared.emit.ready();
            let client = loop {
                tokio::time::sleep(backoff.next()).await;
                let address = self.shared.client().address().clone();
                match Client::connect(&address, crate::platform::client::Patience::default()).await {
                    Ok(client) => break client,
                    Err(error) => tracing::debug!(%error, "the container engine is still away"),
                }
            };
            *self.shared.client.lock().unwrap_or_else(|e| e.into_inner()) = client;
            back();
            fault::point("docker-engine-back");
        }
    }

    /// From asking what there is to the loss of the engine.
    async fn session(&mut self, first: &mut bool, backoff: &mut Backoff) -> Result<(), ClientError> {
        let mut events = self.shared.client().events(self.told, None).await?;
        self.asked.abort_all();
        self.others.clear();
        self.look(*first).await?;
        backoff.reset();
        if std::mem::take(first) {
            self.start_files();
            fault::point("docker-listed");
        }
        loop {
            tokio::select! {
                happening = events.next() => match happening? {
                    Some(happening) => self.take(happening),
                    None => return Ok(()),
                },
                Some(done) = self.readers.join_next(), if !self.readers.is_empty() => self.finished(done),
                Some(answer) = self.asked.join_next(), if !self.asked.is_empty() => match answer {
                    Ok(answer) => self.answered(answer)?,
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(_) => {}
                },
                Some((id, bytes)) = self.lost.recv() => self.tell_lost(&id, bytes),
            }
        }
    }

    fn tell_lost(&self, id: &str, bytes: u64) {
        if let (Some(lives), Some(known)) = (&self.lives, self.known.get(id)) {
            let deployment = &known.deployment;
            lives.gap(id, &deployment.name, Some(deployment.to_origin()), Some(bytes));
        }
    }

    fn finished(&mut self, done: Result<Outcome, tokio::task::JoinError>) {
        match done {
            Ok(Outcome::Read) => self.read += 1,
            Ok(Outcome::Unreadable(name)) => self.unreadable.push(name),
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => {}
        }
    }

    /// Lists the containers and has the new ones read. `at_start`: they are no news.
    async fn look(&mut self, at_start: bool) -> Result<(), ClientError> {
        let client = self.shared.client();
        let all = client.containers(false).await?;
        let ids: HashSet<&str> = all.iter().map(|one| one.id.as_str()).collect();
        let gone: Vec<String> = self.known.keys().filter(|id| !ids.contains(id.as_str())).cloned().collect();
        for id in gone {
            self.remove(&id);
        }
        let mut new = Vec::new();
        for one in all.into_iter().filter(|one| self.choice.fits(one)) {
            match self.known.get_mut(&one.id) {
                Some(known) if known.attached => {
                    // It may have been started while nobody told.
                    known.started();
                    known.count(one.state == State::Running);
                }
                _ => new.push(one),
            }
        }
        for some in new.chunks(AT_ONCE) {
            let mut asked = JoinSet::new();
            for one in some {
                let (client, mut one) = (client.clone(), one.clone());
                asked.spawn(async move { client.inspect_into(&mut one, false).await.map(|()| one) });
            }
            while let Some(answer) = asked.join_next().await {
                match answer {
                    Ok(Ok(one)) => self.add(one, at_start),
                    // It was removed meanwhile.
                    Ok(Err(ClientError::NotFound { .. })) => {}
                    Ok(Err(error)) if error.is_passing() => return Err(error),
                    Ok(Err(error)) => tracing::warn!(%error, "the engine does not tell of a container"),
                    Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Takes note of an inspected container that is chosen, and has it read if there is anything to read.
    fn add(&mut self, container: Deployment, at_start: bool) {
        let runs = container.state == State::Running;
        let never_ran = container.state == State::Created;
        let known = self.known.entry(container.id.clone()).or_insert_with(|| Known {
            deployment: container.clone(),
            life: None,
            attached: false,
            counted: false,
        });
        known.deployment = container;
        let id = known.deployment.id.clone();
        if known.attached {
            return;
        }
        // The answer may be older than the start that was told.
        let started = self.early.remove(&id) && self.source.read != Read::File && vanishes(&known.deployment);
        if never_ran && !started {
            return;
        }
        known.attached = true;
        known.count(runs);
        if !at_start {
            FOLLOW.note(Note::Joined(known.deployment.name.clone()));
        }
        self.chosen += 1;
        self.attach(&id, at_start);
    }

    fn attach(&mut self, id: &str, at_start: bool) {
        let Some(known) = self.known.get_mut(id) else { return };
        let container = known.deployment.clone();
        match self.file_of(&container, at_start) {
            Ok(Some(path)) => self.files.add(Path::new(&path), &container),
            Ok(None) => {
                let (sender, receiver) = watch::channel(Life::default());
                if let Some(known) = self.known.get_mut(id) {
                    known.life = Some(sender);
                }
                let begin = (self.mode.from_now && at_start).then(wall);
                let reader = Reader::new(self.shared.clone(), &container, receiver, begin);
                self.readers.spawn(reader.read());
            }
            Err(why) => {
                tracing::warn!(container = %container.name, why, "cannot read a container's log file; the rest goes on");
                self.unreadable.push(container.name);
            }
        }
    }

    /// The log file, if that is to be read; `None`: the API is.
    fn file_of(&self, container: &Deployment, at_start: bool) -> Result<Option<String>, String> {
        let details = container.details.as_deref();
        let path = details.and_then(|details| details.log_path.clone()).filter(|path| !path.is_empty());
        let readable = |path: &str| is_log(Path::new(path));
        match self.source.read {
            Read::Api => Ok(None),
            Read::File => {
                let Some(path) = path else { return Err("the engine names no log file".to_owned()) };
                match readable(&path) {
                    Ok(true) => Ok(Some(path)),
                    Ok(false) => Err(format!("{path} is no log that mcpp can read")),
                    Err(error) => Err(format!("{path}: {error}")),
                }
            }
            Read::Auto => {
                let saved = self.shared.emit.peek(&container.id).map(|saved| Position::read(&saved));
                let by_api = saved.is_some_and(|saved| !saved.by_file && saved.streams.is_some());
                // What vanishes at its end, with its file, is held by the API.
                if by_api || vanishes(container) && !at_start {
                    return Ok(None);
                }
                Ok(path.filter(|path| readable(path).unwrap_or(false)))
            }
        }
    }

    fn start_files(&mut self) {
        if self.source.read == Read::Api {
            self.shared.emit.ready();
            return;
        }
        let (files, shared, mode) = (self.files.clone(), self.shared.clone(), self.mode);
        let handle = Handle::current();
        self.pool = Some(tokio::task::spawn_blocking(move || {
            let shutdown = shared.shutdown.clone();
            read::run(
                Box::new(files),
                "the containers' log files",
                shared.longest,
                &shared.emit,
                mode,
                shutdown,
                &handle,
            )
        }));
    }

    /// Takes something that has happened.
    fn take(&mut self, happening: Happening) {
        self.told = happening.time.or(self.told);
        match &happening.action {
            Action::Create => self.ask(&happening.id),
            Action::Start => {
                fault::point("docker-started");
                self.started(&happening.id);
            }
            Action::Die => {
                if let Some(known) = self.known.get_mut(&happening.id).filter(|known| known.attached) {
                    known.count(false);
                    let name = known.deployment.name.clone();
                    FOLLOW.note(Note::Exited(name, happening.exit_code()));
                }
            }
            _ => {}
        }
        if let (Some(lives), Some(known)) = (&self.lives, self.known.get(&happening.id)) {
            lives.tell(&happening, &known.deployment.name, known.deployment.to_origin());
        }
        if happening.action == Action::Destroy {
            self.others.remove(&happening.id);
            self.early.remove(&happening.id);
            self.remove(&happening.id);
        }
    }

    fn started(&mut self, id: &str) {
        let Some(known) = self.known.get_mut(id) else {
            if !self.others.contains(id) {
                self.early.insert(id.to_owned());
            }
            return self.ask(id);
        };
        if known.attached {
            known.started();
            known.count(true);
            return;
        }
        if vanishes(&known.deployment) && self.source.read != Read::File {
            // No time is lost with questions: it may be gone in a moment.
            let mut container = known.deployment.clone();
            container.state = State::Running;
            return self.add(container, false);
        }
        self.ask(id);
    }

    /// Asks about a container that is new, or was not started yet; nothing waits for the answer.
    fn ask(&mut self, id: &str) {
        if self.others.contains(id) {
            return;
        }
        let (client, id) = (self.shared.client(), id.to_owned());
        self.asked.spawn(async move { client.inspect(&id).await });
    }

    fn answered(&mut self, answer: Result<Deployment, ClientError>) -> Result<(), ClientError> {
        match answer {
            Ok(container) if self.choice.fits(&container) => self.add(container, false),
            Ok(container) => drop(self.others.insert(container.id)),
            Err(error) if error.is_passing() => return Err(error),
            // It is gone already.
            Err(ClientError::NotFound { .. }) => {}
            Err(error) => tracing::warn!(%error, "the engine does not tell of a container"),
        }
        Ok(())
    }

    fn remove(&mut self, id: &str) {
        let Some(mut known) = self.known.remove(id) else { return };
        known.count(false);
        self.files.remove(id);
        if let Some(life) = &known.life {
            life.send_modify(|life| life.gone = true);
        }
        if known.attached {
            FOLLOW.note(Note::Removed(known.deployment.name));
        }
    }

    /// Waits for the readers, which have been told to stop.
    async fn stop(mut self) -> Result<(), SourceError> {
        for known in self.known.values_mut() {
            known.count(false);
        }
        while let Some(done) = self.readers.join_next().await {
            self.finished(done);
        }
        match self.pool.take() {
            Some(pool) => match pool.await {
                Ok(result) => result,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
            None => Ok(()),
        }
    }
}
