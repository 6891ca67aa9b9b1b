//! MariaDB and PostgreSQL.

use crate::server::{Server, free_port, is_root, program, root_of, run};
use checks::{Secret, Spec, Sql, SqlKind, Tls, Verify};
use std::path::Path;
use std::process::Command;

fn spec(kind: SqlKind, login: &str, password: &str, database: &str, request: &str) -> Spec {
    Spec::Sql(Sql {
        kind,
        login: login.to_owned(),
        password: Secret::new(password),
        database: database.to_owned(),
        request: request.to_owned(),
        tls: Tls::default(),
    })
}

fn verifying(spec: &Spec, authority: &Path) -> Spec {
    let Spec::Sql(sql) = spec else { panic!() };
    let name = Some("real.example".to_owned());
    Spec::Sql(Sql {
        tls: Tls { verify: Verify::Full, authorities: Some(authority.to_owned()), name, identity: None },
        ..sql.clone()
    })
}

/// A certificate and its key in files of these names.
fn certificate(directory: &Path) {
    let made = rcgen::generate_simple_self_signed(vec!["real.example".to_owned()]).unwrap();
    std::fs::write(directory.join("server.crt"), made.cert.pem()).unwrap();
    std::fs::write(directory.join("server.key"), made.signing_key.serialize_pem()).unwrap();
    run(Command::new("chmod").arg("600").arg(directory.join("server.key")));
}

#[tokio::test]
#[ignore = "needs Debian's package mariadb-server"]
async fn mariadb() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let data = path.join("data");
    let mariadbd = program("mariadbd");
    let root = root_of(&mariadbd);
    certificate(path);
    let base = format!("--basedir={root}/usr");
    let data = format!("--datadir={}", data.display());
    let user: &[&str] = if is_root() { &["--user=root"] } else { &[] };
    let install = ["--no-defaults", "--skip-test-db", &base, &data];
    run(Command::new(program("mariadb-install-db")).args(install).args(user));
    let commands = "CREATE DATABASE shop; CREATE TABLE shop.things (id INT, name LONGTEXT);\n\
                    INSERT INTO shop.things VALUES (1, REPEAT('x', 70000)), (2, NULL);\n\
                    CREATE USER probe IDENTIFIED BY 'hunter2'; GRANT SELECT ON shop.* TO probe;\n\
                    CREATE USER secure IDENTIFIED BY 'hunter2' REQUIRE SSL; GRANT SELECT ON shop.* TO secure;\n\
                    CREATE USER 'empty'; GRANT SELECT ON shop.* TO 'empty';\n";
    std::fs::write(path.join("commands"), commands.replace("; ", ";\n")).unwrap();
    let port = free_port();
    let here = path.display().to_string();
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        base,
        data,
        "--bind-address=127.0.0.1,::1".to_owned(),
        format!("--port={port}"),
        format!("--socket={here}/socket"),
        format!("--pid-file={here}/pid"),
        format!("--init-file={here}/commands"),
        format!("--ssl-cert={here}/server.crt"),
        format!("--ssl-key={here}/server.key"),
        "--innodb-buffer-pool-size=8M".to_owned(),
        "--skip-log-bin".to_owned(),
        "--skip-name-resolve".to_owned(),
    ];
    arguments.extend(user.iter().map(|option| (*option).to_owned()));
    let authority = path.join("server.crt");
    let server = Server::start(directory, port, &mariadbd, &arguments);
    let mysql = |login, password, database, request| spec(SqlKind::Mysql, login, password, database, request);
    let good = mysql("probe", "hunter2", "shop", "SELECT id FROM things");
    assert!(server.up(&good).await.words.contains("the query finds rows"));
    server.up(&verifying(&good, &authority)).await;
    server.up(&mysql("secure", "hunter2", "shop", "SELECT * FROM things")).await;
    server.up(&mysql("empty", "", "", "SELECT 1")).await;
    server.up(&mysql("probe", "hunter2", "shop", "")).await;
    assert!(server.up(&mysql("", "", "", "")).await.words.contains("no login is given"));
    server.down(&mysql("probe", "wrong", "shop", "SELECT 1"), "login refused: Access denied for user 'probe'").await;
    server.down(&mysql("probe", "hunter2", "mysql", "SELECT 1"), "login refused: Access denied").await;
    server.down(&mysql("probe", "hunter2", "shop", "SELECT 1 FROM nowhere"), "error 1146: Table 'shop.nowhere'").await;
    server.down(&mysql("probe", "hunter2", "shop", "SELECT id FROM things WHERE id = 7"), "finds no row").await;
    server.down(&mysql("probe", "hunter2", "shop", "SET @x = 1"), "finds no row").await;
    server.down(&mysql("probe", "hunter2", "shop", "nonsense"), "error 1064").await;
    server.through_its_life(&good).await;
}

#[tokio::test]
#[ignore = "needs Debian's package postgresql"]
async fn postgresql() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let data = path.join("data");
    std::fs::create_dir(&data).unwrap();
    // It refuses to run as root.
    let nobody: &[&str] =
        if is_root() { &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] } else { &["env"] };
    let demoted = |program: &Path| {
        let mut command = Command::new(nobody[0]);
        command.args(&nobody[1..]).arg(program).current_dir("/");
        command
    };
    if is_root() {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
    }
    let postgres = program("postgres");
    run(demoted(&postgres.with_file_name("initdb")).args(["-A", "trust", "-U", "postgres", "-N", "-D"]).arg(&data));
    certificate(&data);
    let commands = "SET password_encryption = 'scram-sha-256';\nCREATE ROLE probe LOGIN PASSWORD 'hunter2';\n\
                    CREATE ROLE clear LOGIN PASSWORD 'hunter2';\nSET password_encryption = 'md5';\n\
                    CREATE ROLE old LOGIN PASSWORD 'hunter2';\nCREATE TABLE things (id INT, name TEXT);\n\
                    INSERT INTO things SELECT i, repeat('x', 70000) FROM generate_series(1, 9) i;\n\
                    GRANT SELECT ON things TO probe;\n";
    std::fs::write(path.join("commands"), commands).unwrap();
    let single = demoted(&postgres)
        .args(["--single", "-D"])
        .arg(&data)
        .arg("postgres")
        .stdin(std::fs::File::open(path.join("commands")).unwrap())
        .output()
        .unwrap();
    assert!(single.status.success(), "{single:?}");
    let rules = "host all probe all scram-sha-256\nhost all old all md5\nhost all clear all password\n\
                 hostnossl all nobody all trust\nhost all postgres all trust\n";
    std::fs::write(data.join("pg_hba.conf"), rules).unwrap();
    if is_root() {
        run(Command::new("chown").args(["-R", "65534:65534"]).arg(path));
    }
    let authority = data.join("server.crt");
    let port = free_port();
    let mut arguments: Vec<String> = nobody[1..].iter().map(|word| (*word).to_owned()).collect();
    arguments.extend([postgres.display().to_string(), "-D".to_owned(), data.display().to_string()]);
    let settings = [
        format!("port={port}"),
        "listen_addresses=127.0.0.1,::1".into(),
        "unix_socket_directories=".into(),
        "ssl=on".into(),
    ];
    arguments.extend(settings.into_iter().flat_map(|setting| ["-c".to_owned(), setting]));
    let server = Server::start(directory, port, &program(nobody[0]), &arguments);
    let pgsql = |login, password, request| spec(SqlKind::Pgsql, login, password, "postgres", request);
    let good = pgsql("probe", "hunter2", "SELECT * FROM things");
    assert_eq!(server.up(&good).await.words, "the query finds rows");
    server.up(&verifying(&good, &authority)).await;
    server.up(&pgsql("old", "hunter2", "SELECT 1")).await;
    server.up(&pgsql("clear", "hunter2", "SELECT 1")).await;
    server.up(&pgsql("postgres", "", "SELECT 1")).await;
    server.up(&pgsql("probe", "hunter2", "")).await;
    server.up(&spec(SqlKind::Pgsql, "postgres", "", "", "SELECT 1")).await;
    assert!(server.up(&pgsql("", "", "")).await.words.contains("no login is given"));
    for login in ["probe", "old", "clear"] {
        server.down(&pgsql(login, "wrong", "SELECT 1"), "login refused: password authentication failed").await;
    }
    server.down(&pgsql("nobody", "", "SELECT 1"), "login refused: no pg_hba.conf entry").await;
    server.down(&spec(SqlKind::Pgsql, "probe", "hunter2", "nowhere", ""), "database \"nowhere\" does not exist").await;
    server.down(&pgsql("probe", "hunter2", "SELECT 1 FROM nowhere"), "relation \"nowhere\" does not exist").await;
    server.down(&pgsql("probe", "hunter2", "SELECT 1 FROM things WHERE id = 77"), "finds no row").await;
    server.down(&pgsql("probe", "hunter2", "nonsense"), "syntax error").await;
    server.refuses_when_gone(&good).await;
}
