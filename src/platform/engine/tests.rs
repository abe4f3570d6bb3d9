use super::*;

fn around(variables: &[(&str, &str)]) -> Surroundings {
    let variables = variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Surroundings { variables: variables.collect(), user: Some(1000) }
}

fn shown(wanted: &Wanted, around: &Surroundings) -> (String, Vec<String>) {
    let (by, places) = places(wanted, around);
    let places = places.into_iter().map(|place| match place {
        Ok(address) => address.to_string(),
        Err(tried) => format!("{}: {}", tried.place, tried.why),
    });
    (by.to_string(), places.collect())
}

#[test]
fn who_chooses_an_engine_gets_only_that_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("contexts/meta/aa");
    std::fs::create_dir_all(&folder).unwrap();
    let meta = r#"{"Name":"prod","Endpoints":{"docker":{"Host":"tcp://prod:2375"}}}"#;
    std::fs::write(folder.join("meta.json"), meta).unwrap();
    std::fs::write(dir.path().join("config.json"), r#"{"currentContext":"prod"}"#).unwrap();
    let config = ("DOCKER_CONFIG", dir.path().to_str().unwrap());
    let host = Wanted { host: Some("unix:///a.sock".into()), product: None };
    let all = [config, ("DOCKER_HOST", "unix:///b.sock"), ("DOCKER_CONTEXT", "nowhere")];
    let nobody = Wanted::default();
    for (wanted, variables, by, place) in [
        (&host, &all[..], "--host", "unix:///a.sock"),
        (&nobody, &all[..], "DOCKER_HOST", "unix:///b.sock"),
        (&nobody, &[config, ("DOCKER_CONTEXT", "prod")], "DOCKER_CONTEXT=prod", "tcp://prod:2375"),
        (&nobody, &[config], "Docker's current context 'prod'", "tcp://prod:2375"),
        (&nobody, &[config, ("DOCKER_HOST", "")], "Docker's current context 'prod'", "tcp://prod:2375"),
    ] {
        let expected = (by.to_owned(), vec![place.to_owned()]);
        assert_eq!(shown(wanted, &around(variables)), expected);
    }
    let (_, wrong) = shown(&nobody, &around(&[config, ("DOCKER_CONTEXT", "nowhere")]));
    assert_eq!(wrong, ["nowhere: there is no context 'nowhere'; there are: prod"]);
    let (by, usual) = shown(&nobody, &around(&[config, ("DOCKER_CONTEXT", "default")]));
    assert_eq!((by.as_str(), usual.len()), ("the usual places", 4));
}

#[test]
fn the_usual_places_come_in_order() {
    let (_, usual) = shown(&Wanted::default(), &around(&[]));
    let expected = [
        "unix:///var/run/docker.sock",
        "unix:///run/user/1000/docker.sock",
        "unix:///run/podman/podman.sock",
        "unix:///run/user/1000/podman/podman.sock",
    ];
    assert_eq!(usual, expected);
    let root = Surroundings { user: Some(0), ..Surroundings::default() };
    assert_eq!(shown(&Wanted::default(), &root).1.len(), 2);
    let told = around(&[("XDG_RUNTIME_DIR", "/x")]);
    assert_eq!(shown(&Wanted::default(), &told).1[1], "unix:///x/docker.sock");
}

#[test]
fn tls_is_used_where_the_variables_ask_for_it() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["ca.pem", "cert.pem", "key.pem"] {
        std::fs::write(dir.path().join(name), "").unwrap();
    }
    let folder = dir.path().to_str().unwrap();
    let variables =
        [("DOCKER_HOST", "tcp://engine"), ("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", folder)];
    let (_, places) = places(&Wanted::default(), &around(&variables));
    let Some(Ok(Address::Tls { port: 2376, files, .. })) = places.first() else { panic!("{places:?}") };
    assert!(files.ca.is_some() && files.client.is_some());
    let plain = shown(&Wanted::default(), &around(&variables[..1]));
    assert_eq!(plain.1, ["tcp://engine:2375"]);
}

#[test]
fn the_error_names_every_place_why_not_and_what_to_do_once() {
    let address = |path: &str| Address::Unix(path.into());
    let unreachable =
        |kind: std::io::ErrorKind| ClientError::Unreachable { host: String::new(), cause: kind.into() };
    let denied = unreachable(std::io::ErrorKind::PermissionDenied);
    let missing = unreachable(std::io::ErrorKind::NotFound);
    let error = NotFound {
        by: NamedBy::Usual,
        tried: vec![
            explain(&address("/var/run/docker.sock"), &denied),
            explain(&address("/run/podman/podman.sock"), &missing),
            explain(&address("/run/user/1000/podman/podman.sock"), &missing),
        ],
    };
    let expected = "\
no container engine answers
  unix:///var/run/docker.sock: permission denied
  unix:///run/podman/podman.sock: no such socket
  unix:///run/user/1000/podman/podman.sock: no such socket
  try: sudo usermod -aG docker $USER, then log in again
  try: sudo systemctl start podman.socket
  try: systemctl --user start podman.socket";
    assert_eq!(error.to_string(), expected);
}
