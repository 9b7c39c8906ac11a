//! A little internet: hosts, their lines, and the emulator that joins them.

use crate::effort::Effort;
use crate::error::LabError;
use crate::home::{Home, Speaks};
use crate::host::Host;
use crate::hub::Hub;
use crate::link::Line;
use crate::nat::Kind;
use crate::traffic::Traffic;

/// Hosts on one network. Dropping it kills every program in it and leaves nothing behind.
#[derive(Debug)]
pub struct Lab {
    hosts: Vec<Host>,
    homes: Vec<Home>,
    hub: Hub,
}

impl Lab {
    /// A lab without hosts; `seed` decides every loss and jitter.
    pub fn new(seed: u64) -> Result<Self, LabError> {
        Ok(Self { hosts: Vec::new(), homes: Vec::new(), hub: Hub::start(seed)? })
    }

    /// Add a host and give its number, from 0.
    ///
    /// # Errors
    /// [`LabError::NotPermitted`] where namespaces or TAP devices aren't to be had.
    pub fn add(&mut self, name: &str, line: Line) -> Result<usize, LabError> {
        self.add_behind(Kind::Open, name, line)
    }

    /// Add a host behind NATs of a kind and give its number, from 0.
    ///
    /// # Errors
    /// As for [`Lab::add`].
    pub fn add_behind(&mut self, kind: Kind, name: &str, line: Line) -> Result<usize, LabError> {
        let number = u16::try_from(self.hosts.len() + 1).unwrap_or(u16::MAX);
        self.hosts.push(Host::new(number, name, line, kind, &self.hub)?);
        Ok(self.hosts.len() - 1)
    }

    /// Add a host that can move to another network ([`Host::stand`]) and give its number, from 0.
    ///
    /// # Errors
    /// As for [`Lab::add`].
    pub fn add_roaming(&mut self, name: &str, line: Line) -> Result<usize, LabError> {
        let number = u16::try_from(self.hosts.len() + 1).unwrap_or(u16::MAX);
        self.hosts.push(Host::roaming(number, name, line, &self.hub)?);
        Ok(self.hosts.len() - 1)
    }

    /// Add a machine in a home of its own and give its number, from 0, and the home's.
    ///
    /// # Errors
    /// [`LabError::NotPermitted`] also where nftables or miniupnpd isn't installed.
    pub fn add_home(
        &mut self,
        speaks: Speaks,
        name: &str,
        line: Line,
    ) -> Result<(usize, usize), LabError> {
        let number = u16::try_from(self.hosts.len() + 1).unwrap_or(u16::MAX);
        let router = Host::router(number, &format!("{name}-router"), line, &self.hub)?;
        let (home, machine) = Home::new(router, name, speaks)?;
        self.homes.push(home);
        self.hosts.push(machine);
        Ok((self.hosts.len() - 1, self.homes.len() - 1))
    }

    /// A home by its number.
    pub fn home(&self, number: usize) -> Result<&Home, LabError> {
        self.homes.get(number).ok_or_else(|| LabError::Usage(format!("there is no home {number}")))
    }

    /// A host by its number.
    pub fn host(&self, number: usize) -> Result<&Host, LabError> {
        self.hosts.get(number).ok_or_else(|| LabError::Usage(format!("there is no host {number}")))
    }

    /// Silently drop everything between two hosts, or carry it again.
    pub fn set_blocked(&self, a: usize, b: usize, blocked: bool) -> Result<(), LabError> {
        for a in self.host(a)?.addresses() {
            for b in self.host(b)?.addresses() {
                self.hub.set_blocked(a, b, blocked)?;
            }
        }
        Ok(())
    }

    /// What a host has sent and what the network did with it.
    pub fn traffic(&self, host: usize) -> Result<Traffic, LabError> {
        self.hub.traffic(self.host(host)?.address())
    }

    /// What the emulator did so far and how well.
    pub fn effort(&self) -> Result<Effort, LabError> {
        self.hub.effort()
    }
}
