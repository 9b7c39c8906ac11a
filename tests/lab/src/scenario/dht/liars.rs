//! A node that answers every question, and never truly.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::LabError;
use crate::host::Host;

/// Answers until the lab ends.
pub(super) struct Liar {
    address: SocketAddr,
    told: Arc<AtomicU64>,
}

impl Liar {
    pub(super) fn start(host: &Host) -> Result<Self, LabError> {
        let socket = host.udp()?;
        let address = socket.local_addr().map_err(LabError::io("name a socket"))?;
        let told = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&told);
        thread::spawn(move || answer(&socket, &count));
        Ok(Self { address, told })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers given.
    pub(super) fn told(&self) -> u64 {
        self.told.load(Relaxed)
    }
}

fn answer(socket: &UdpSocket, told: &AtomicU64) {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let mut question = [0; 2048];
    while let Ok((length, from)) = socket.recv_from(&mut question) {
        let question = question.get(..length).unwrap_or_default();
        for lie in lies(question, &mut random) {
            // Whoever asked may be gone.
            let _ = socket.send_to(&lie, from);
        }
        told.fetch_add(1, Relaxed);
    }
}

/// Noise; noise that begins like an answer; a value of the right length that nobody has signed,
/// with 60 nodes that do not exist; and an answer cut short.
fn lies(question: &[u8], random: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let mut noise = |length: usize| (0..length).map(|_| random.random()).collect::<Vec<u8>>();
    let transaction = transaction_of(question);
    let string = |bytes: &[u8]| [format!("{}:", bytes.len()).as_bytes(), bytes].concat();
    let value = [
        b"d1:rd2:id".to_vec(),
        string(&noise(20)),
        b"1:k".to_vec(),
        string(&noise(32)),
        b"5:nodes".to_vec(),
        string(&noise(26 * 20)),
        b"3:seqi9223372036854775807e3:sig".to_vec(),
        string(&noise(64)),
        b"5:token".to_vec(),
        string(&noise(4)),
        b"1:v".to_vec(),
        string(&string(&noise(936))),
        b"e1:t".to_vec(),
        string(&transaction),
        b"1:y1:re".to_vec(),
    ]
    .concat();
    let cut = value.get(..value.len() / 2).unwrap_or_default().to_vec();
    vec![noise(1400), [b"d1:rd".to_vec(), noise(200)].concat(), cut, value]
}

/// The question's transaction, which an answer has to name.
fn transaction_of(question: &[u8]) -> Vec<u8> {
    let name = b"1:t4:";
    let place = question.windows(name.len()).rposition(|part| part == name);
    let start = place.map_or(question.len(), |place| place + name.len());
    question.get(start..start + 4).unwrap_or(b"none").to_vec()
}
