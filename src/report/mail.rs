//! E-mail alerts as values: which events are worth a mail, what it says, how a storm becomes one mail. Pure.

use super::lines;
use crate::config::{Config, Virtual};
use crate::director::{Event, Role};
use crate::ipvs::{DestinationId, ServiceId};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

/// Alerts that one mail lists; of more it says how many there were.
const LISTED: usize = 1000;

/// What the daemon is doing, as `emailalertstatus` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Until the first round of checks is through.
    Starting,
    /// Afterwards.
    Running,
    /// From a reload until what it changed is written.
    Reloading,
    /// The end.
    Stopping,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Reloading => "reloading",
            Self::Stopping => "stopping",
        }
    }
}

/// One thing that somebody wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    to: Vec<String>,
    smtp: Option<String>,
    from: Option<String>,
    message: String,
    state: State,
    /// `servicename` and `comment`.
    service: (Option<String>, Option<String>),
}

/// A mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// Recipients.
    pub to: Vec<String>,
    /// `emailalertfrom`
    pub from: Option<String>,
    /// `smtp`: host or host:port; unset: the local sendmail.
    pub smtp: Option<String>,
    /// Its subject.
    pub subject: String,
    /// Its text, lines ended by a newline.
    pub body: String,
}

impl Alert {
    /// What the log says of it (`emailalert: …`), without the name of the service.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The alert of an event; nothing for events that are not worth one, or where nobody wants it.
    pub fn of(event: &Event, config: &Config, state: State) -> Option<Self> {
        let service = match event {
            Event::Added { service, .. }
            | Event::Restored { service, .. }
            | Event::Deleted { service, .. }
            | Event::Quiesced { service, .. }
            | Event::ReaddedQuiescent { service, .. }
            | Event::Purged { service, .. } => service,
            _ => return None,
        };
        // A quiesced real that comes back without weight is quiesced for whoever reads mail.
        let same = match event {
            Event::ReaddedQuiescent { service, destination } => {
                Some(Event::Quiesced { service: *service, destination: *destination })
            }
            _ => None,
        };
        Self::about(service, lines::line(same.as_ref().unwrap_or(event))?, config, state)
    }

    fn about(service: &ServiceId, message: String, config: &Config, state: State) -> Option<Self> {
        // A service that a reload dropped has no recipients of its own any more.
        let virtual_ = config.virtuals.iter().find(|known| known.id == *service);
        let alert = virtual_.map_or(&config.globals.alert, |virtual_| &virtual_.alert);
        let wanted = match state {
            State::Starting => alert.status.starting,
            State::Running => alert.status.running,
            State::Reloading => alert.status.reloading,
            State::Stopping => alert.status.stopping,
        };
        (wanted && !alert.to.is_empty()).then(|| Self {
            to: alert.to.clone(),
            smtp: alert.smtp.clone(),
            from: config.globals.emailalertfrom.clone(),
            message,
            state,
            service: virtual_.map(named).unwrap_or_default(),
        })
    }

    fn subject(&self) -> String {
        match &self.service.0 {
            Some(name) => format!("[{name}] {}", self.message),
            None => self.message.clone(),
        }
    }

    /// Everything behind the line that names the host.
    fn text(&self) -> String {
        let mut text = format!("Log-Message: {}\nDaemon-Status: {}\n", self.subject(), self.state.word());
        if self.service != (None, None) {
            let [name, comment] = [&self.service.0, &self.service.1].map(|part| part.as_deref().unwrap_or_default());
            text.push_str(&format!("\nService name: {name}\nComment: {comment}\n"));
        }
        text
    }
}

fn named(virtual_: &Virtual) -> (Option<String>, Option<String>) {
    (virtual_.servicename.clone(), virtual_.comment.clone())
}

/// Whose mails: by which server, from whom, to whom.
type Mailbox<'a> = (&'a Option<String>, &'a Option<String>, &'a str);

/// The mails for what happened within a moment: one for each recipient, and one for several who get the same.
pub fn letters(alerts: &[Alert], hostname: &str) -> Vec<Letter> {
    let mut boxes: BTreeMap<Mailbox<'_>, Vec<usize>> = BTreeMap::new();
    for (number, alert) in alerts.iter().enumerate() {
        for recipient in &alert.to {
            let mine = boxes.entry((&alert.smtp, &alert.from, recipient)).or_default();
            // An address that is written twice is one recipient.
            if mine.last() != Some(&number) {
                mine.push(number);
            }
        }
    }
    let mut letters: Vec<(Vec<usize>, Letter)> = Vec::new();
    for ((smtp, from, recipient), mine) in boxes {
        let same = letters
            .iter_mut()
            .find(|(numbers, letter)| *numbers == mine && letter.smtp == *smtp && letter.from == *from);
        if let Some((_, letter)) = same {
            letter.to.push(recipient.to_owned());
            continue;
        }
        let about: Vec<&Alert> = mine.iter().filter_map(|number| alerts.get(*number)).collect();
        let (subject, body) = compose(&about, hostname);
        let letter = Letter { to: vec![recipient.to_owned()], from: from.clone(), smtp: smtp.clone(), subject, body };
        letters.push((mine, letter));
    }
    letters.into_iter().map(|(_, letter)| letter).collect()
}

fn compose(about: &[&Alert], hostname: &str) -> (String, String) {
    let subject = match about {
        [one] => one.subject(),
        [first, others @ ..] => format!("{} and {} more", first.subject(), others.len()),
        [] => String::new(),
    };
    let texts: Vec<String> = about.iter().take(LISTED).map(|alert| alert.text()).collect();
    let mut body = format!("ldirectord host: {hostname}\n{}", texts.join("\n"));
    if let Some(more) = about.len().checked_sub(LISTED).filter(|more| *more > 0) {
        body.push_str(&format!("\nand {more} more, see the log\n"));
    }
    (subject, body)
}

/// `emailalertfreq`: who is still down, and when that is to be said again.
#[derive(Debug, Default)]
pub struct Reminders {
    /// When each was told last.
    told: BTreeMap<(ServiceId, DestinationId), Duration>,
    /// Of the services that want reminders.
    frequencies: HashMap<ServiceId, Duration>,
    /// The soonest, as long as nothing has changed: it is asked for at every turn of the daemon.
    next: Option<Option<Duration>>,
}

impl Reminders {
    /// Those of a configuration; services that it does not have are forgotten.
    pub fn configured(&mut self, config: &Config) {
        let services: HashSet<ServiceId> = config.virtuals.iter().map(|virtual_| virtual_.id).collect();
        let wanted = config.virtuals.iter().filter(|virtual_| virtual_.alert.frequency > 0);
        let frequency = |virtual_: &Virtual| Duration::from_secs(virtual_.alert.frequency.into());
        self.frequencies = wanted.map(|virtual_| (virtual_.id, frequency(virtual_))).collect();
        self.told.retain(|(service, _), _| services.contains(service));
        self.next = None;
    }

    /// Follows an event; `now` is any time that only grows.
    pub fn event(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Deleted { service, destination, role: Role::Real, .. }
            | Event::Quiesced { service, destination } => {
                self.told.insert((*service, *destination), now);
            }
            Event::Added { service, destination, .. }
            | Event::Restored { service, destination, .. }
            | Event::Purged { service, destination, .. } => {
                self.told.remove(&(*service, *destination));
            }
            _ => return,
        }
        self.next = None;
    }

    /// The alerts that are due now.
    pub fn due(&mut self, config: &Config, state: State, now: Duration) -> Vec<Alert> {
        let mut alerts = Vec::new();
        if self.next_due().is_none_or(|next| next > now) {
            return alerts;
        }
        for ((service, destination), last) in &mut self.told {
            let frequency = self.frequencies.get(service);
            if frequency.is_some_and(|frequency| now.saturating_sub(*last) >= *frequency) {
                *last = now;
                let message = format!("Inaccessible real server: {destination} ({})", service.vip());
                alerts.extend(Alert::about(service, message, config, state));
            }
        }
        self.next = None;
        alerts
    }

    /// When [`Self::due`] has something to say next.
    pub fn next_due(&mut self) -> Option<Duration> {
        let (told, frequencies) = (&self.told, &self.frequencies);
        let due = |((service, _), last): (&(ServiceId, DestinationId), &Duration)| {
            frequencies.get(service).map(|frequency| *last + *frequency)
        };
        *self.next.get_or_insert_with(|| told.iter().filter_map(due).min())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Nameless, read};
    use crate::director::Stage;

    const CONFIG: &str = "emailalert=ops@example.org\nemailalertfrom=\"Alerts\" <a@x.test>\n\
        virtual=10.9.0.1:80\n\treal=10.9.1.1:80 gate\n\tchecktype=connect\n\temailalert=\"a@x.test, b@y.test\"\n\
        \temailalertfreq=30\n\temailalertstatus=running,stopping\n\tservicename=My Web\n\tcomment=Call bob\n\tsmtp=10.9.0.3\n\
        virtual=10.9.0.1:81\n\treal=10.9.1.1:81 gate\n\tchecktype=connect\n";

    fn config() -> Config {
        read(CONFIG.as_bytes()).finish(&Nameless).0.unwrap()
    }

    fn deleted(config: &Config, place: usize, last: u8) -> Event {
        let destination = DestinationId { address: [10, 9, 1, last].into(), port: 80 };
        let service = config.virtuals[place].id;
        Event::Deleted { service, destination, mapped_from: None, role: Role::Real }
    }

    #[test]
    fn one_event_is_a_mail_as_ldirectord_writes_it() {
        let config = config();
        let event = deleted(&config, 0, 1);
        let alert = Alert::of(&event, &config, State::Running).unwrap();
        assert_eq!(alert.message(), "Deleted real server: 10.9.1.1:80 (10.9.0.1:80)");
        assert_eq!(Alert::of(&event, &config, State::Starting), None, "emailalertstatus");
        let letter = Letter {
            to: vec!["a@x.test".into(), "b@y.test".into()],
            from: Some("\"Alerts\" <a@x.test>".into()),
            smtp: Some("10.9.0.3".into()),
            subject: "[My Web] Deleted real server: 10.9.1.1:80 (10.9.0.1:80)".into(),
            body: "ldirectord host: labhost\n\
                Log-Message: [My Web] Deleted real server: 10.9.1.1:80 (10.9.0.1:80)\n\
                Daemon-Status: running\n\n\
                Service name: My Web\nComment: Call bob\n"
                .into(),
        };
        assert_eq!(letters(&[alert], "labhost"), [letter]);
        let quiet = Event::VirtualAdded(config.virtuals[0].id);
        assert_eq!(Alert::of(&quiet, &config, State::Running), None);
        let gone = Event::ReaddedQuiescent {
            service: config.virtuals[1].id,
            destination: DestinationId { address: [10, 9, 1, 1].into(), port: 81 },
        };
        let alert = Alert::of(&gone, &config, State::Running).unwrap();
        assert_eq!(alert.message(), "Quiescent real server: 10.9.1.1:81 (10.9.0.1:81) (Weight set to 0)");
        let plain = &letters(&[alert], "labhost")[0];
        assert_eq!((plain.to.as_slice(), &plain.smtp), (&["ops@example.org".to_owned()][..], &None));
        assert!(plain.body.ends_with("Daemon-Status: running\n"), "{}", plain.body);
    }

    #[test]
    fn a_storm_is_one_mail_for_each_recipient() {
        let config = config();
        let alerts: Vec<Alert> = (0..100)
            .filter_map(|last| Alert::of(&deleted(&config, usize::from(last % 2), last), &config, State::Running))
            .collect();
        assert_eq!(alerts.len(), 100);
        let letters = letters(&alerts, "h");
        assert_eq!(letters.len(), 2, "two services with different recipients");
        for letter in &letters {
            assert_eq!(letter.body.matches("Log-Message: ").count(), 50);
            assert!(letter.subject.ends_with(" and 49 more"), "{}", letter.subject);
        }
    }

    #[test]
    fn what_stays_down_is_said_again_and_again() {
        let config = config();
        let seconds = Duration::from_secs;
        let mut reminders = Reminders::default();
        reminders.configured(&config);
        reminders.event(&deleted(&config, 0, 1), seconds(10));
        reminders.event(&deleted(&config, 1, 2), seconds(10));
        assert_eq!(reminders.next_due(), Some(seconds(40)), "the other service wants none");
        assert_eq!(reminders.due(&config, State::Running, seconds(39)), []);
        let due = reminders.due(&config, State::Running, seconds(40));
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].message(), "Inaccessible real server: 10.9.1.1:80 (10.9.0.1:80)");
        assert_eq!(reminders.due(&config, State::Running, seconds(69)), []);
        let (service, destination) = (config.virtuals[0].id, DestinationId { address: [10, 9, 1, 1].into(), port: 80 });
        reminders.event(&Event::Purged { service, destination, stage: Stage::Start }, seconds(69));
        assert_eq!(reminders.due(&config, State::Running, seconds(200)), []);
        assert_eq!(reminders.next_due(), None);
    }
}
