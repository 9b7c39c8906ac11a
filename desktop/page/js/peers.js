// Who really sends or gets a picture: a link that only carries control messages doesn't count.

/** The slowest share of a stream that the design allows is some 70 kbit/s; control stays below this. */
const LEAST_BPS = 16_000;

/** Those that the picture comes from. */
export const givers = (peers) => peers.filter((peer) => peer.from_bps >= LEAST_BPS);

/** Those that it is given to. */
export const takers = (peers) => peers.filter((peer) => peer.to_bps >= LEAST_BPS);
