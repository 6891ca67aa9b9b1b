//! `ldirectord-rs demo`: the real director over servers of its own on loopback, without root or anything to install. It
//! starts this very program in the foreground on a private folder and tells a short story: servers die, lie and come back.
#![allow(clippy::disallowed_methods, reason = "the demo runs servers, a child process and a clock")]

mod director;
mod screen;
mod servers;
mod story;

use director::Director;
use screen::Screen;
use servers::{Behaviour, Server};
use std::time::{Duration, Instant};

/// The configuration, embedded so that the demo also runs after `cargo install`.
const CONFIGURATION: &str = include_str!("../../fixtures/demo/ldirectord.cf");

/// How long the story may take in all before it gives up.
const TIME_IN_ALL: Duration = Duration::from_secs(29);

/// Runs the demo; `arguments` are those behind `demo`. Exit code 0 when every chapter came true, 1 otherwise, 255 on a
/// word that is not understood.
pub fn run(arguments: &[String]) -> u8 {
    let mut stay = false;
    for argument in arguments {
        match argument.as_str() {
            "--stay" => stay = true,
            other => {
                eprintln!("demo takes only --stay, not {other}");
                return 255;
            }
        }
    }
    let kernel = director::enter_own_namespace();
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("demo: the runtime does not start: {error}");
            return 1;
        }
    };
    match runtime.block_on(perform(stay, kernel)) {
        Ok(()) => 0,
        Err(words) => {
            eprintln!("demo: {words}");
            1
        }
    }
}

async fn perform(stay: bool, kernel: bool) -> Result<(), String> {
    let mut web = Vec::new();
    for (number, address) in [[127, 0, 0, 1], [127, 0, 0, 2], [127, 0, 0, 3]].into_iter().enumerate() {
        let page = format!("<html><title>Test Page</title>server {}</html>\n", number + 1);
        web.push(Server::web(address.into(), page).await?);
    }
    let sorry = Server::web([127, 0, 0, 1].into(), "<html>We are mending it.</html>\n".to_owned()).await?;
    let sip = Server::sip([127, 0, 0, 1].into()).await?;
    let mut text = CONFIGURATION.to_owned();
    for (placeholder, server) in
        ["18081", "18082", "18083", "18084", "15060"].iter().zip(web.iter().chain([&sorry, &sip]))
    {
        text = text.replace(placeholder, &server.port().to_string());
    }
    let started = Instant::now();
    let director = Director::start(&text, kernel)?;
    let mut screen = Screen::new(kernel);
    screen.say(&format!("three web servers and a SIP server on loopback; configuration {}", director.configuration()));
    let stage = story::Stage { web: &web, sip: &sip, sorry: sorry.port() };
    loop {
        for chapter in story::chapters(&stage) {
            screen.say(chapter.title);
            for (server, behaviour) in &chapter.changes {
                server.behave(*behaviour);
            }
            loop {
                let table = director.table()?;
                screen.show(&table);
                if (chapter.expected)(&stage, &table) {
                    break;
                }
                if !stay && started.elapsed() > TIME_IN_ALL {
                    return Err(format!("this did not come true in time: {}", chapter.title));
                }
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(100)) => {}
                    _ = tokio::signal::ctrl_c() => return Ok(()),
                }
            }
            tokio::time::sleep(Duration::from_millis(if stay { 3000 } else { 300 })).await;
        }
        if !stay {
            break;
        }
        screen.say("again from the beginning; end it with Ctrl-C");
    }
    screen.say("every chapter came true; the director is stopped and cleans up");
    director.stop()?;
    for server in web.iter().chain([&sorry, &sip]) {
        server.behave(Behaviour::Stopped);
    }
    Ok(())
}
