//! slapd.

use crate::server::{Server, free_port, program, root_of, run};
use checks::{Ldap, Pattern, Secret, Security, Spec, Tls, Verify};
use std::path::PathBuf;
use std::process::Command;

const ENTRY: &str = "dn: dc=example\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n";

fn spec(security: Security, password: &str, base: &str, receive: Option<&str>) -> Spec {
    Spec::Ldap(Ldap {
        security,
        login: if password.is_empty() { "" } else { "cn=admin,dc=example" }.to_owned(),
        password: Secret::new(password),
        base: base.to_owned(),
        receive: receive.map(|pattern| Pattern::compile(pattern).unwrap()),
    })
}

#[tokio::test]
#[ignore = "needs Debian's package slapd"]
async fn slapd() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let slapd = program("slapd");
    let root = root_of(&slapd);
    let made = rcgen::generate_simple_self_signed(vec!["real.example".to_owned()]).unwrap();
    std::fs::write(path.join("certificate"), made.cert.pem()).unwrap();
    std::fs::write(path.join("key"), made.signing_key.serialize_pem()).unwrap();
    std::fs::create_dir(path.join("data")).unwrap();
    let here = path.display();
    let text = format!(
        "include {root}/etc/ldap/schema/core.schema\nmodulepath {root}/usr/lib/ldap\nmoduleload back_mdb\n\
         pidfile {here}/pid\nTLSCertificateFile {here}/certificate\nTLSCertificateKeyFile {here}/key\n\
         database mdb\nsuffix dc=example\nrootdn cn=admin,dc=example\nrootpw hunter2\ndirectory {here}/data\n"
    );
    let configuration = path.join("slapd.conf");
    std::fs::write(&configuration, text).unwrap();
    std::fs::write(path.join("entry"), ENTRY).unwrap();
    let slapadd = slapd.with_file_name("slapadd");
    run(Command::new(slapadd).arg("-f").arg(&configuration).arg("-l").arg(path.join("entry")));
    let (port, secure_port) = (free_port(), free_port());
    let urls = format!(
        "ldap://127.0.0.1:{port}/ ldap://[::1]:{port}/ ldaps://127.0.0.1:{secure_port}/ ldaps://[::1]:{secure_port}/"
    );
    let authority: PathBuf = path.join("certificate");
    let arguments = ["-d", "0", "-h", &urls, "-f", &configuration.to_string_lossy()].map(str::to_owned);
    let server = Server::start(directory, port, &slapd, &arguments);

    let bound = spec(Security::Plain, "hunter2", "dc=example", Some("^dc=example$"));
    assert_eq!(server.up(&bound).await.words, "dc=example");
    assert_eq!(server.up(&spec(Security::Plain, "", "", None)).await.words, "root DSE");
    server.up(&spec(Security::Plain, "", "dc=example", None)).await;
    server.down(&spec(Security::Plain, "wrong", "dc=example", None), "login refused: invalid credentials (49)").await;
    server.down(&spec(Security::Plain, "hunter2", "dc=other", None), "no such object (32)").await;
    server.down(&spec(Security::Plain, "hunter2", "nonsense", None), "invalid DN (34)").await;
    server.down(&spec(Security::Plain, "hunter2", "dc=example", Some("^cn=")), "pattern not found").await;

    let full = |name: &str| Tls {
        verify: Verify::Full,
        authorities: Some(authority.clone()),
        name: Some(name.to_owned()),
        identity: None,
    };
    server.up(&spec(Security::Starttls(Tls::default()), "hunter2", "dc=example", None)).await;
    server.up(&spec(Security::Starttls(full("real.example")), "hunter2", "dc=example", None)).await;
    let other = spec(Security::Starttls(full("other.example")), "hunter2", "dc=example", None);
    server.down(&other, "certificate is for real.example, not other.example").await;
    server.down(&spec(Security::Tls(Tls::default()), "hunter2", "dc=example", None), "tls:").await;
    let ldaps = server.on(secure_port);
    ldaps.up(&spec(Security::Tls(full("real.example")), "hunter2", "dc=example", None)).await;
    ldaps.through_its_life(&spec(Security::Tls(Tls::default()), "hunter2", "dc=example", None)).await;
}
