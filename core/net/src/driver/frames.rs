//! What a neighbour says on its control stream: the overlay's messages, and the node's own.

use std::time::Duration;

use manyhands_swarm::{Message, PeerIndex, Time};

use super::Driver;
use crate::control::{Control, Frame, NewHead, Observed, Ping, Pong};

impl Driver {
    pub(super) fn on_frame(&mut self, index: PeerIndex, frame: Frame) {
        let now = self.now();
        match frame {
            Frame::Overlay(bytes) => {
                self.report.received.control += bytes.len() as u64;
                match Message::decode(&bytes) {
                    Ok(message) => {
                        if let Message::Introduce(asked) = &message
                            && let Some(answer) = self.sabotage.introduce(asked)
                        {
                            return self.send_message(index, &answer);
                        }
                        self.swarm.handle_mapping(self.reach.mapping());
                        self.swarm.handle_open_port(self.reach.open_port());
                        self.swarm.handle_message(now, index, message);
                    }
                    Err(error) => {
                        tracing::debug!(%error, "closing a peer that breaks the overlay protocol");
                        if let Some(peer) = self.peers.get(index) {
                            peer.link.close(crate::link::MISBEHAVED);
                        }
                    }
                }
            }
            Frame::Control(control) => self.on_control(index, control, now),
            Frame::Unknown => {}
        }
    }

    fn on_control(&mut self, index: PeerIndex, control: Control, now: Time) {
        match control {
            Control::RunState(state) => {
                let adopted = self.credentials.lock().adopt_state(state);
                if let Ok(Some(adopted)) = adopted {
                    self.on_adopted(adopted, Some(index));
                }
            }
            Control::NewHead(NewHead { head }) => {
                let (adopted, lacks) = {
                    let mut credentials = self.credentials.lock();
                    (credentials.adopt_head(&head), credentials.lacks_roster())
                };
                // A head of an epoch or a run that is not known here: ask for the whole.
                if adopted.is_err() || lacks {
                    self.send_control(index, Control::AskState.encode());
                }
                if let Ok(Some(adopted)) = adopted {
                    self.on_adopted(adopted, Some(index));
                }
            }
            Control::Ping(Ping { sent_us }) => {
                let reading = self.clock.lock().read(now);
                if let Some(reading) = reading {
                    let pong = Pong {
                        sent_us,
                        held_us: 0,
                        media_us: reading.media_us,
                        error_us: reading.error_us,
                    };
                    self.send_control(index, Control::Pong(pong).encode());
                }
            }
            Control::Pong(pong) => {
                let reading =
                    crate::clock::Reading { media_us: pong.media_us, error_us: pong.error_us };
                let held = Duration::from_micros(pong.held_us);
                self.clock.lock().handle_answer(
                    Time::from_micros(pong.sent_us),
                    now,
                    held,
                    reading,
                );
            }
            Control::AskState => self.send_state(index),
            Control::Observed(Observed { address }) => {
                if let Some(peer) = self.peers.get(index) {
                    self.reach.on_observed(peer.address, &address);
                }
            }
            Control::Item(item) => self.on_item(index, item),
            // Part of the handshake only; harmless afterwards.
            Control::Hello(_) | Control::Proof(_) | Control::Permit(_) | Control::Place(_) => {}
        }
    }
}
