//! unbound, freeradius, mosquitto and chronyd.

use crate::server::{Server, free_port, program, root_of, run};
use checks::{Dns, Mqtt, Ntp, Pattern, Radius, Secret, Spec, Transport};
use nix::unistd::{Uid, User};
use std::process::Command;

#[tokio::test]
#[ignore = "needs Debian's package unbound"]
async fn unbound() {
    let directory = tempfile::tempdir().unwrap();
    let port = free_port();
    let many: String = (1..200).map(|last| format!("local-data: \"many.example. A 192.0.2.{last}\"\n")).collect();
    let text = format!(
        "server:\ndirectory: \"{here}\"\nchroot: \"\"\nusername: \"\"\npidfile: \"\"\nuse-syslog: no\ndo-daemonize: no\n\
         interface: 127.0.0.1\ninterface: ::1\nport: {port}\naccess-control: ::0/0 allow\naccess-control: 0.0.0.0/0 allow\n\
         local-zone: \"example.\" static\nlocal-data: \"www.example. A 192.0.2.1\"\nlocal-data: \"www.example. AAAA 2001:db8::1\"\n\
         local-data: \"example. MX 10 mail.example.\"\nlocal-data: 'txt.example. TXT \"hello world\"'\n\
         local-data-ptr: \"192.0.2.1 www.example\"\nlocal-data-ptr: \"2001:db8::1 www.example\"\n\
         local-zone: \"refused.\" always_refuse\n{many}remote-control:\ncontrol-enable: no\n",
        here = directory.path().display()
    );
    let configuration = directory.path().join("unbound.conf");
    std::fs::write(&configuration, text).unwrap();
    let arguments = ["-d", "-c", &configuration.to_string_lossy()].map(str::to_owned);
    let server = Server::start(directory, port, &program("unbound"), &arguments);
    let dns = |transport, request: &str, receive: Option<&str>| {
        let receive = receive.map(|pattern| Pattern::compile(pattern).unwrap());
        Spec::Dns(Dns { transport, request: request.to_owned(), receive })
    };
    for transport in [Transport::Udp, Transport::Tcp] {
        for (request, receive) in [
            ("www.example", "^192.0.2.1$"),
            ("AAAA www.example", "^2001:db8::1$"),
            ("192.0.2.1", "^www.example$"),
            ("2001:db8::1", "^www.example$"),
            ("MX example", "^10 mail.example$"),
            ("TXT txt.example", "hello world"),
            ("nowhere.example", "NXDOMAIN"),
            ("many.example", "^192.0.2.199$"),
        ] {
            server.up(&dns(transport, request, Some(receive))).await;
        }
        server.up(&dns(transport, "www.example", None)).await;
        server.down(&dns(transport, "nowhere.example", None), "NXDOMAIN").await;
        server.down(&dns(transport, "www.example", Some("^192.0.2.2$")), "pattern not found").await;
        server.down(&dns(transport, "MX www.example", None), "has no MX record").await;
        server.down(&dns(transport, "www.refused", None), "REFUSED").await;
    }
    server.through_its_life(&dns(Transport::Udp, "www.example", None)).await;
}

#[tokio::test]
#[ignore = "needs Debian's package freeradius"]
async fn freeradius() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    let freeradius = program("freeradius");
    let root = root_of(&freeradius);
    let port = free_port();
    let text = format!(
        "name = freeradius\nlogdir = {here}\nrun_dir = {here}\nlibdir = {root}/usr/lib/freeradius\n\
         log {{\ndestination = stdout\n}}\nsecurity {{\nreject_delay = 0\nstatus_server = yes\nallow_vulnerable_openssl = yes\n}}\n\
         proxy_requests = no\nmodules {{\npap {{\n}}\nfiles {{\nfilename = {here}/users\n}}\n}}\n\
         client four {{\nipaddr = 127.0.0.1\nsecret = testing123\nrequire_message_authenticator = yes\n}}\n\
         client six {{\nipv6addr = ::1\nsecret = testing123\nrequire_message_authenticator = yes\n}}\n\
         server default {{\nlisten {{\ntype = auth\nipaddr = 127.0.0.1\nport = {port}\n}}\n\
         listen {{\ntype = auth\nipv6addr = ::1\nport = {port}\n}}\n\
         authorize {{\nfiles\npap\n}}\nauthenticate {{\npap\n}}\n}}\n"
    );
    std::fs::write(directory.path().join("radiusd.conf"), text).unwrap();
    std::fs::write(directory.path().join("users"), "probe Cleartext-Password := \"hunter2, a long one\"\n").unwrap();
    let dictionary = format!("{root}/usr/share/freeradius");
    let arguments = ["-f", "-l", "stdout", "-n", "radiusd", "-d", &here, "-D", &dictionary].map(str::to_owned);
    let server = Server::start(directory, port, &freeradius, &arguments);
    let radius = |login: &str, password: &str, secret: &str| {
        let (login, password) = (login.to_owned(), Secret::new(password));
        Spec::Radius(Radius { login, password, secret: Secret::new(secret) })
    };
    let good = radius("probe", "hunter2, a long one", "testing123");
    assert_eq!(server.up(&good).await.words, "access accepted");
    assert!(server.up(&radius("", "", "testing123")).await.words.contains("no login is given"));
    server.down(&radius("probe", "wrong", "testing123"), "login refused").await;
    server.through_its_life(&good).await;
}

#[tokio::test]
#[ignore = "needs Debian's package mosquitto"]
async fn mosquitto() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    let port = free_port();
    let passwords = format!("{here}/passwords");
    run(Command::new(program("mosquitto_passwd")).args(["-c", "-b", &passwords, "probe", "hunter2"]));
    let text = format!(
        "user root\nallow_anonymous false\npassword_file {passwords}\nlistener {port} 127.0.0.1\nlistener {port} ::1\n"
    );
    let configuration = format!("{here}/mosquitto.conf");
    std::fs::write(&configuration, text).unwrap();
    let server = Server::start(directory, port, &program("mosquitto"), &["-c".to_owned(), configuration]);
    let mqtt = |login: &str, password: &str| {
        Spec::Mqtt(Mqtt { tls: None, login: login.to_owned(), password: Secret::new(password) })
    };
    let good = mqtt("probe", "hunter2");
    assert_eq!(server.up(&good).await.words, "connection accepted");
    server.down(&mqtt("probe", "wrong"), "login refused: not authorised").await;
    server.down(&mqtt("", ""), "login refused: not authorised").await;
    server.through_its_life(&good).await;
}

#[tokio::test]
#[ignore = "needs Debian's package chrony"]
async fn chronyd() {
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    let port = free_port();
    let text = format!("port {port}\ncmdport 0\nbindcmdaddress /\npidfile {here}/pid\nallow all\nlocal stratum 7\n");
    let configuration = format!("{here}/chrony.conf");
    std::fs::write(&configuration, text).unwrap();
    // The user that it runs as already.
    let user = User::from_uid(Uid::effective()).unwrap().unwrap().name;
    let arguments = ["-x", "-d", "-U", "-u", &user, "-f", &configuration].map(str::to_owned);
    let server = Server::start(directory, port, &program("chronyd"), &arguments);
    assert_eq!(server.up(&Spec::Ntp(Ntp)).await.words, "stratum 7");
    server.through_its_life(&Spec::Ntp(Ntp)).await;
}
