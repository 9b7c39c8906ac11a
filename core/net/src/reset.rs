//! A program that has begun anew says so: who knew the process before it learns it with the next packet.
//!
//! A broadcaster that dies and is started again listens where it did before, and knows none of its
//! connections. QUIC has an answer to such packets, the stateless reset (RFC 9000, section 10.3), if the
//! keys outlive the process; without it viewers waited for three seconds of silence (lab, bad day).

use std::sync::Arc;
use std::time::Duration;

use manyhands_stream::{Secret, kdf};
use quinn::EndpointConfig;
use quinn_proto::HashedConnectionIdGenerator;
use ring::hmac;

/// One reset in this time at most: 500 a second of less than 50 bytes, each an answer to a longer packet.
const EACH: Duration = Duration::from_millis(2);

/// An endpoint whose resets are believed by those whom an endpoint with the same key has known.
pub(crate) fn endpoint(key: &Secret<[u8; 32]>) -> EndpointConfig {
    let mut config = EndpointConfig::new(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, key.expose())));
    // From connection IDs their key can be computed, so it must say nothing of the other one.
    let ids = kdf::derive(kdf::RESET_IDS, &[key.expose()]);
    let ids = ids.expose().first_chunk().map_or(0, |first| u64::from_le_bytes(*first));
    config.cid_generator(move || Box::new(HashedConnectionIdGenerator::from_key(ids)));
    config.min_reset_interval(EACH);
    config
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use manyhands_stream::Channel;
    use quinn::{Connection, ConnectionError, VarInt};
    use tokio::runtime::Runtime;

    use super::*;
    use crate::Identity;
    use crate::endpoint::Quic;

    const BROADCAST: u64 = 7;
    /// Nothing takes longer on any machine that works.
    const PATIENCE: Duration = Duration::from_secs(60);

    async fn process(broadcast: u64, listen: SocketAddr) -> (Runtime, Quic) {
        let runtime = Runtime::new().unwrap();
        let channel = Channel::from_seed(Secret::new([1; 32]));
        let identity = Identity::generate().unwrap().begins_anew(&channel, broadcast);
        let quic = runtime.spawn(async move { Quic::bind(&identity, listen, None, true).unwrap() });
        (runtime, quic.await.unwrap())
    }

    /// A viewer of a broadcaster whose process then vanishes without a word; and where that was.
    async fn left_behind() -> (Quic, Connection, SocketAddr) {
        let (runtime, quic) = process(BROADCAST, (Ipv4Addr::LOCALHOST, 0).into()).await;
        let address = quic.local_address().unwrap();
        let accepting = quic.clone();
        let accepted = runtime
            .spawn(async move { accepting.endpoint().accept().await.unwrap().await.unwrap() });
        let viewer = Identity::generate().unwrap();
        let viewer = Quic::bind(&viewer, (Ipv4Addr::LOCALHOST, 0).into(), None, false).unwrap();
        let connection = viewer.dial(address).unwrap().await.unwrap();
        let here = accepted.await.unwrap();
        // The runtime first, to its end: what is dropped after it has nobody who would say good-bye, and
        // nobody holds the port.
        tokio::task::spawn_blocking(|| runtime.shutdown_timeout(PATIENCE)).await.unwrap();
        drop((here, quic));
        (viewer, connection, address)
    }

    /// The same viewer, which has just sent something to where a process for this broadcast stands now.
    async fn started_again(broadcast: u64) -> (Quic, Connection, Runtime, Quic) {
        let (viewer, connection, address) = left_behind().await;
        let (runtime, again) = process(broadcast, address).await;
        let (mut send, _) = connection.open_bi().await.unwrap();
        send.write_all(&[0; 100]).await.unwrap();
        (viewer, connection, runtime, again)
    }

    #[tokio::test]
    async fn who_begins_anew_is_noticed_with_the_next_packet() {
        let (_viewer, connection, runtime, _again) = started_again(BROADCAST).await;
        assert_eq!(connection.closed().await, ConnectionError::Reset);
        runtime.shutdown_background();
    }

    #[tokio::test]
    async fn another_broadcast_can_not_be_told_from_a_stranger() {
        let (viewer, connection, runtime, again) = started_again(BROADCAST + 1).await;
        let address = again.local_address().unwrap();
        // It may hear of the end below before it has seen its handshake through.
        let accepted = runtime.spawn(async move { again.endpoint().accept().await.unwrap().await });
        // By the end of a handshake an answer to what left before it would be here.
        let other = viewer.dial(address).unwrap().await.unwrap();
        assert_eq!(connection.close_reason(), None);
        other.close(VarInt::from_u32(0), b"");
        let _ = accepted.await.unwrap();
        runtime.shutdown_background();
    }
}
