//! `--record` and `--output`: units into a playable fragmented MP4, on a thread of its own, so that
//! a slow disk or reader never holds up the stream.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, SyncSender, TryRecvError, TrySendError, sync_channel,
};
use std::thread;
use std::time::Duration;

use manyhands_media::output::{Base, Fmp4};
use manyhands_media::{AccessUnit, TrackConfig};

use crate::failure::{Exit, Failure};

/// Units that wait for the writer: about 10 s of picture and sound. A writer that is slower than
/// that has lost.
const QUEUE: usize = 1024;
/// A fragment of a track is written when it is this long, in milliseconds.
const FRAGMENT_MS: i64 = 500;
/// How long the last units may take to be written.
const PATIENCE: Duration = Duration::from_secs(5);
/// Units held back until every track has shown its configuration.
const HOLD: usize = 512;

/// A file that is being written.
#[derive(Debug)]
pub(crate) struct Recording {
    name: String,
    units: SyncSender<(usize, AccessUnit, Option<TrackConfig>)>,
    done: Receiver<Result<(), String>>,
    slow: bool,
}

impl Recording {
    /// Begins a file with this many tracks; `-` is standard output.
    pub(crate) fn create(path: &Path, tracks: usize) -> Result<Self, Failure> {
        let (out, name): (Box<dyn Write + Send>, String) = if path == Path::new("-") {
            (Box::new(io::stdout()), "standard output".into())
        } else {
            let name = path.display().to_string();
            (Box::new(File::create(path).map_err(|e| Failure::local(&name, e))?), name)
        };
        let (units, inbox) = sync_channel(QUEUE);
        let (report, done) = sync_channel(1);
        thread::spawn(move || {
            let _ = report.send(Writer::new(out, tracks).run(&inbox));
        });
        Ok(Self { name, units, done, slow: false })
    }

    /// Hands a unit to the writer.
    pub(crate) fn take(&mut self, track: usize, unit: &AccessUnit, config: Option<&TrackConfig>) {
        let full = self.units.try_send((track, unit.clone(), config.cloned()));
        self.slow |= matches!(full, Err(TrySendError::Full(_)));
    }

    /// What went wrong so far, in one line.
    pub(crate) fn problem(&mut self) -> Option<String> {
        if self.slow {
            return Some(self.too_slow());
        }
        match self.done.try_recv() {
            Ok(Err(error)) => Some(format!("{}: {error}", self.name)),
            Ok(Ok(())) | Err(TryRecvError::Empty | TryRecvError::Disconnected) => None,
        }
    }

    fn too_slow(&self) -> String {
        format!("{}: what reads it is too slow; what came before is whole", self.name)
    }

    /// Writes what is left and closes the file.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let too_slow = self.too_slow();
        drop(self.units);
        match self.done.recv_timeout(PATIENCE) {
            Ok(Err(error)) => Err(Failure::local(self.name, error)),
            Err(RecvTimeoutError::Timeout) => Err(Failure::new(Exit::Local, too_slow)),
            Ok(Ok(())) | Err(RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

/// The thread's side.
struct Writer {
    out: Box<dyn Write + Send>,
    configs: Vec<Option<TrackConfig>>,
    waiting: Vec<(usize, AccessUnit, Option<TrackConfig>)>,
    file: Option<Fmp4>,
    /// Units of each track that make the next fragment.
    runs: Vec<Vec<AccessUnit>>,
}

impl Writer {
    fn new(out: Box<dyn Write + Send>, tracks: usize) -> Self {
        Self {
            out,
            configs: vec![None; tracks],
            waiting: Vec::new(),
            file: None,
            runs: vec![Vec::new(); tracks],
        }
    }

    fn run(
        mut self,
        inbox: &Receiver<(usize, AccessUnit, Option<TrackConfig>)>,
    ) -> Result<(), String> {
        while let Ok((track, unit, config)) = inbox.recv() {
            self.unit(track, unit, config).map_err(|e| e.to_string())?;
        }
        self.open_file()?;
        for track in 0..self.runs.len() {
            self.flush(track)?;
        }
        self.out.flush().map_err(|e| told(&e))
    }

    fn unit(
        &mut self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
    ) -> Result<(), String> {
        if self.file.is_some() {
            return self.write(track, unit, config);
        }
        if let (Some(config), Some(place)) = (&config, self.configs.get_mut(track)) {
            place.get_or_insert_with(|| config.clone());
        }
        self.waiting.push((track, unit, config));
        if self.configs.iter().all(Option::is_some) || self.waiting.len() >= HOLD {
            self.open_file()?;
        }
        Ok(())
    }

    /// Writes the head of the file once the tracks are known, then what waited for it.
    fn open_file(&mut self) -> Result<(), String> {
        if self.file.is_some() || self.waiting.is_empty() {
            return Ok(());
        }
        let known: Vec<TrackConfig> = self.configs.iter().flatten().cloned().collect();
        let firsts = self.configs.iter().enumerate().filter_map(|(track, config)| {
            let first = self.waiting.iter().find(|(t, ..)| *t == track)?;
            Some((first.1.dts, config.as_ref()?.timescale))
        });
        let base = Base::earliest(firsts).unwrap_or(Base::ZERO);
        let mut file = Fmp4::new(&known).with_base(base);
        let head = file.init().map_err(|e| e.to_string())?;
        self.out.write_all(&head).map_err(|e| told(&e))?;
        self.file = Some(file);
        for (track, unit, config) in std::mem::take(&mut self.waiting) {
            self.write(track, unit, config)?;
        }
        Ok(())
    }

    fn write(
        &mut self,
        track: usize,
        unit: AccessUnit,
        config: Option<TrackConfig>,
    ) -> Result<(), String> {
        let Some(timescale) = self.configs.get(track).and_then(|c| Some(c.as_ref()?.timescale))
        else {
            return Ok(()); // a track that showed itself too late has no place in this file
        };
        let run_ms = self.runs.get(track).and_then(|run| Some(unit.dts - run.first()?.dts));
        let long =
            run_ms.is_some_and(|t| t.saturating_mul(1000) / i64::from(timescale) >= FRAGMENT_MS);
        if config.is_some() || long {
            self.flush(track)?;
        }
        let place = self.place(track);
        if let (Some(config), Some(file)) = (config, &mut self.file) {
            file.set_config(place, config).map_err(|e| e.to_string())?;
        }
        if let Some(run) = self.runs.get_mut(track) {
            run.push(unit);
        }
        Ok(())
    }

    fn flush(&mut self, track: usize) -> Result<(), String> {
        let run = self.runs.get_mut(track).map(std::mem::take).unwrap_or_default();
        let place = self.place(track);
        let Some(file) = self.file.as_mut().filter(|_| !run.is_empty()) else { return Ok(()) };
        let fragment = file.fragment(place, &run).map_err(|e| e.to_string())?;
        self.out.write_all(&fragment).map_err(|e| told(&e))
    }

    /// A track's number in the file: tracks that never showed themselves are left out.
    fn place(&self, track: usize) -> usize {
        self.configs.iter().take(track).flatten().count()
    }
}

/// A failed write, with what to do about it.
fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => format!("{error}; make room or name a file elsewhere"),
        io::ErrorKind::BrokenPipe => "what reads it has gone".into(),
        _ => error.to_string(),
    }
}
