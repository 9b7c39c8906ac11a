//! Simultaneous opening: what is sent when, after a common neighbour has told two nodes of each
//! other (RFC 5128, section 3.3). No I/O: packets in, packets out when they are due.
//!
//! Three rounds. Each sends to the address that the introducer sees, or, where the other NAT counts,
//! to the ports that it is going to use, or to the one that it keeps open. A packet that comes names the way that is open: it is
//! answered there, and who dials dials there. Bounds: [`PER_ROUND`] packets a round, so 18 in all;
//! [`MAX_OPEN`] meetings at once; the budgets of each destination; nothing after [`EXPIRY`].

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use manyhands_swarm::message::Token;
use manyhands_swarm::{Contact, Meeting, NodeId, Time};

use crate::budget::{Budget, Unanswered};
use crate::punch::Punch;

/// SECURITY 6: at most 6 packets a round, three rounds.
const PER_ROUND: u16 = 6;
/// When the rounds begin: the introducer tells one end a round trip before the other.
const ROUNDS: [Duration; 3] =
    [Duration::ZERO, Duration::from_millis(200), Duration::from_millis(500)];
/// Packets to one IP address from which nothing comes back: those of one introduction, and then one each
/// so often. Two hundred nodes that are made to meet a stranger send 13 kbit/s there, all together.
const UNANSWERED: u8 = 18;
const ONE_MORE: Duration = Duration::from_secs(10);
/// Packets of a round to one address: a line that loses one in ten loses both in a hundred.
const TO_ONE: usize = 2;
/// SECURITY 6: ports tried at most where a NAT counts.
const MOST_PORTS: u16 = 16;
/// SECURITY 6: acceptors a newcomer, and so meetings.
const MAX_OPEN: usize = 16;
/// SECURITY 6: how long an introduction holds.
const EXPIRY: Duration = Duration::from_secs(5);
/// Answers to the other end at most: it sends 18 packets.
const MOST_ANSWERS: u8 = 6;

/// A packet to send.
pub(crate) type Sending = (SocketAddr, Punch);

/// The meetings under way.
#[derive(Debug)]
pub(crate) struct Meetings {
    own: NodeId,
    budget: Budget,
    unanswered: Unanswered,
    open: BTreeMap<Token, Open>,
    out: VecDeque<Sending>,
}

#[derive(Debug)]
struct Open {
    meeting: Meeting,
    since: Time,
    /// The next round.
    round: usize,
    heard: bool,
    /// Packets that have been sent.
    sent: u8,
    answers: u8,
}

impl Meetings {
    pub(crate) fn new(own: NodeId) -> Self {
        let unanswered = Unanswered::new(UNANSWERED, ONE_MORE);
        let (open, out) = (BTreeMap::new(), VecDeque::new());
        Self { own, budget: Budget::default(), unanswered, open, out }
    }

    /// Two nodes are to meet; false where this one must not send there.
    pub(crate) fn handle_meeting(&mut self, now: Time, meeting: Meeting) -> bool {
        self.expire(now);
        let room = self.open.len() < MAX_OPEN && !self.open.contains_key(&meeting.token);
        if !room || !self.budget.spend(now, meeting.contact.address) {
            return false;
        }
        let open = Open { meeting, since: now, round: 0, heard: false, sent: 0, answers: 0 };
        self.open.insert(meeting.token, open);
        self.handle_timeout(now);
        true
    }

    /// A packet has come; whom to dial where, if that is the first one and this end dials.
    pub(crate) fn handle_punch(&mut self, from: SocketAddr, punch: Punch) -> Option<Contact> {
        let open = self.open.get_mut(&punch.token)?;
        let contact = open.meeting.contact;
        // A NAT may give another port than foretold, but not another address.
        let same = from.ip().to_canonical() == contact.address.ip().to_canonical();
        if punch.sender != contact.node || !same {
            return None;
        }
        if !punch.answer && open.answers < MOST_ANSWERS {
            open.answers += 1;
            let answer = Punch { answer: true, token: punch.token, sender: self.own };
            self.out.push_back((from, answer));
        }
        let first = !std::mem::replace(&mut open.heard, true);
        if first {
            self.unanswered.give_back(from.ip(), open.sent);
        }
        (first && open.meeting.dials).then_some(Contact { address: from, ..contact })
    }

    /// Rounds that are due begin.
    pub(crate) fn handle_timeout(&mut self, now: Time) {
        self.expire(now);
        for open in self.open.values_mut() {
            while open.next().is_some_and(|at| at <= now) {
                let punch = Punch { answer: false, token: open.meeting.token, sender: self.own };
                for to in targets(&open.meeting, open.round) {
                    if self.unanswered.spend(now, to.ip()) {
                        open.sent += 1;
                        self.out.push_back((to, punch));
                    }
                }
                open.round += 1;
            }
        }
    }

    /// When [`Meetings::handle_timeout`] wants to be called next.
    pub(crate) fn poll_timeout(&self) -> Option<Time> {
        self.open.values().filter_map(Open::next).min()
    }

    /// The next packet to send, now.
    pub(crate) fn poll_transmit(&mut self) -> Option<Sending> {
        self.out.pop_front()
    }

    /// The tokens whose packets are of interest.
    pub(crate) fn tokens(&self) -> impl Iterator<Item = Token> {
        self.open.keys().copied()
    }

    fn expire(&mut self, now: Time) {
        self.open.retain(|_, open| now.since(open.since) < EXPIRY);
    }
}

impl Open {
    /// When the next round begins: none once a packet has come, for then the way is open.
    fn next(&self) -> Option<Time> {
        ROUNDS.get(self.round).filter(|_| !self.heard).map(|after| self.since + *after)
    }
}

/// Where a round's packets go.
fn targets(meeting: &Meeting, round: usize) -> impl Iterator<Item = SocketAddr> {
    let address = meeting.contact.address;
    let counts = meeting.forecast.filter(|forecast| forecast.step > 0);
    // An open port may be closed by now; where it is seen, it is all the same.
    let open = meeting.forecast.filter(|forecast| forecast.step == 0).map(|forecast| forecast.next);
    let open = open.map(|port| SocketAddr::new(address.ip(), port));
    let seen = counts.is_none().then_some(address);
    let known = open.into_iter().chain(seen).flat_map(|to| std::iter::repeat_n(to, TO_ONE));
    let foretold = counts.into_iter().flat_map(move |forecast| {
        ports(round).filter_map(move |n| {
            let port = forecast.next.checked_add(n.checked_mul(u16::from(forecast.step))?)?;
            Some(SocketAddr::new(address.ip(), port))
        })
    });
    known.chain(foretold)
}

/// Which of the foretold ports a round tries: the likeliest each time, and those that come next.
fn ports(round: usize) -> impl Iterator<Item = u16> {
    let again = u16::from(round > 0);
    let fresh = PER_ROUND - again;
    let first = u16::try_from(round).map_or(MOST_PORTS, |round| round.saturating_mul(fresh));
    let first = first.saturating_add(again);
    (0..again).chain(first..first.saturating_add(fresh).min(MOST_PORTS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use manyhands_swarm::Forecast;
    use std::collections::BTreeSet;

    const OWN: NodeId = NodeId([1; 16]);

    fn start() -> Time {
        Time::from_millis(1_000)
    }

    fn meeting(n: u8, forecast: Option<Forecast>) -> Meeting {
        let contact = Contact { node: NodeId([9; 16]), address: ([203, 0, 113, n], 7_000).into() };
        Meeting { token: Token([n; 16]), contact, forecast, dials: true }
    }

    fn sent(meetings: &mut Meetings) -> Vec<Sending> {
        std::iter::from_fn(|| meetings.poll_transmit()).collect()
    }

    /// All that a meeting sends when nobody answers.
    fn unanswered(forecast: Option<Forecast>) -> Vec<Vec<SocketAddr>> {
        let mut meetings = Meetings::new(OWN);
        assert!(meetings.handle_meeting(start(), meeting(1, forecast)));
        let mut rounds = vec![sent(&mut meetings)];
        while let Some(at) = meetings.poll_timeout() {
            meetings.handle_timeout(at);
            rounds.push(sent(&mut meetings));
        }
        rounds.into_iter().map(|r| r.into_iter().map(|(to, _)| to).collect()).collect()
    }

    fn punch(meeting: &Meeting, answer: bool) -> Punch {
        Punch { answer, token: meeting.token, sender: meeting.contact.node }
    }

    #[test]
    fn three_rounds_go_to_the_observed_address_and_then_it_is_given_up() {
        let rounds = unanswered(None);
        assert_eq!(rounds, vec![vec![SocketAddr::from(([203, 0, 113, 1], 7_000)); 2]; 3]);
    }

    #[test]
    fn a_nat_that_counts_is_met_at_sixteen_ports_of_its_address_at_most() {
        let rounds = unanswered(Some(Forecast { next: 40_000, step: 2 }));
        assert!(rounds.iter().all(|round| round.len() == 6));
        assert!(rounds.iter().all(|round| round.iter().any(|to| to.port() == 40_000)));
        let ports: BTreeSet<u16> = rounds.iter().flatten().map(SocketAddr::port).collect();
        assert_eq!(ports, (0..16).map(|n| 40_000 + 2 * n).collect());
        assert!(
            rounds.iter().flatten().all(|to| to.ip() == std::net::Ipv4Addr::new(203, 0, 113, 1))
        );
        let last = unanswered(Some(Forecast { next: 65_534, step: 1 }));
        let ports: BTreeSet<u16> = last.iter().flatten().map(SocketAddr::port).collect();
        assert_eq!(ports, [65_534, 65_535].into(), "ports end");
    }

    #[test]
    fn an_open_port_is_tried_and_so_is_what_the_introducer_sees() {
        let rounds = unanswered(Some(Forecast { next: 40_000, step: 0 }));
        let to = |port| SocketAddr::from(([203, 0, 113, 1], port));
        assert_eq!(rounds, vec![vec![to(40_000), to(40_000), to(7_000), to(7_000)]; 3]);
    }

    #[test]
    fn the_first_packet_ends_the_rounds_and_names_the_way_to_dial() {
        let mut meetings = Meetings::new(OWN);
        let meeting = meeting(1, None);
        meetings.handle_meeting(start(), meeting);
        sent(&mut meetings);
        let from = SocketAddr::from(([203, 0, 113, 1], 61_234));
        let dial = meetings.handle_punch(from, punch(&meeting, false));
        assert_eq!(dial, Some(Contact { node: meeting.contact.node, address: from }));
        let answers = sent(&mut meetings);
        assert_eq!(answers.len(), 1);
        assert!(answers.iter().all(|(to, p)| *to == from && p.answer && p.sender == OWN));
        assert_eq!(meetings.poll_timeout(), None);
        assert_eq!(meetings.handle_punch(from, punch(&meeting, true)), None, "once");
        assert_eq!(sent(&mut meetings), [], "an answer gets no answer");
    }

    #[test]
    fn packets_of_others_are_not_heard() {
        let mut meetings = Meetings::new(OWN);
        let meeting = meeting(1, None);
        meetings.handle_meeting(start(), meeting);
        sent(&mut meetings);
        let right = SocketAddr::from(([203, 0, 113, 1], 7_000));
        let elsewhere = SocketAddr::from(([203, 0, 113, 2], 7_000));
        let good = punch(&meeting, false);
        for (from, bad) in [
            (right, Punch { token: Token([8; 16]), ..good }),
            (right, Punch { sender: OWN, ..good }),
            (elsewhere, good),
        ] {
            assert_eq!(meetings.handle_punch(from, bad), None);
            assert_eq!(sent(&mut meetings), []);
        }
    }

    #[test]
    fn answers_meetings_and_time_are_bounded() {
        let mut meetings = Meetings::new(OWN);
        let open = (1..100).filter(|n| meetings.handle_meeting(start(), meeting(*n, None)));
        assert_eq!(open.count(), MAX_OPEN);
        sent(&mut meetings);
        let (from, first) = (meeting(1, None).contact.address, meeting(1, None));
        for _ in 0..50 {
            meetings.handle_punch(from, punch(&first, false));
        }
        assert_eq!(sent(&mut meetings).len(), usize::from(MOST_ANSWERS));
        assert!(meetings.handle_meeting(start() + EXPIRY, meeting(200, None)));
        assert_eq!(meetings.tokens().collect::<Vec<_>>(), [Token([200; 16])]);
    }

    #[test]
    fn one_address_gets_the_packets_of_one_introduction_unless_it_answers() {
        let mut meetings = Meetings::new(OWN);
        let forecast = Some(Forecast { next: 40_000, step: 1 });
        let to_one = |n| Meeting { token: Token([n; 16]), ..meeting(1, forecast) };
        let mut sent_by = |meeting, heard| {
            assert!(meetings.handle_meeting(start(), meeting));
            let first = sent(&mut meetings).len();
            if heard {
                let from = SocketAddr::from(([203, 0, 113, 1], 40_000));
                meetings.handle_punch(from, punch(&meeting, true));
            }
            meetings.handle_timeout(start() + Duration::from_millis(600));
            first + sent(&mut meetings).len()
        };
        assert_eq!([1, 2, 3].map(|n| sent_by(to_one(n), true)), [6; 3], "answered");
        assert_eq!([4, 5].map(|n| sent_by(to_one(n), false)), [18, 0]);
    }

    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_allowed() {
        let mut meetings = Meetings::new(OWN);
        let mut private = meeting(1, None);
        private.contact.address = ([192, 168, 0, 1], 7_000).into();
        assert!(!meetings.handle_meeting(start(), private));
        assert_eq!(sent(&mut meetings), []);
    }
}
