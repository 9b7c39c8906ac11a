// The run as it was recorded (src/recording.rs says how), spread out so that any moment can be read
// at once: an array over looks and nodes for what changes.

const run = JSON.parse(document.getElementById('run').textContent);
const NODES = run.nodes.length;
const LOOKS = run.seconds * run.looks;
const [AWAY, WAITS, PLAYS, STANDS, LEAVES, LEFT, VANISHED, OFFLINE] = [0, 1, 2, 3, 4, 5, 6, 7];
const ALL = -1;

/** Fills one node's column of `into` from changes: looks since the last, new value, … */
function spread(changes, node, into) {
  let look = 0;
  for (let at = 0; at <= changes.length; at += 2) {
    const until = at < changes.length ? look + changes[at] : LOOKS;
    const value = at > 0 ? changes[at - 1] : 0;
    for (; look < Math.min(until, LOOKS); look += 1) into[look * NODES + node] = value;
  }
  return into;
}

const states = new Uint8Array(LOOKS * NODES);
const parents = run.lanes.map(() => new Uint16Array(LOOKS * NODES));
run.nodes.forEach((track, node) => {
  spread(track.state, node, states);
  track.parents.forEach((changes, lane) => spread(changes, node, parents[lane]));
});

/** Pieces that came late or were asked for, those of each look together. */
const strays = Array.from({ length: LOOKS }, () => []);
for (let at = 0, look = 0; at < run.stray.length; at += 6) {
  const [since, to, from, lane, late, count] = run.stray.slice(at, at + 6);
  look += since;
  strays[look]?.push({ to, from, lane, late: late === 1, count });
}

const stateOf = (look, node) => states[look * NODES + node];
const isHere = (state) => state >= WAITS && state <= LEAVES;
/** Who feeds a node in a substream, -1 for nobody; and whether that parent is late. */
const parentOf = (lane, look, node) => (parents[lane][look * NODES + node] >> 1) - 1;
const isLate = (lane, look, node) => (parents[lane][look * NODES + node] & 1) === 1;

/** The value of something that changes seldom. */
function valueAt(changes, look) {
  let [at, value] = [0, 0];
  for (let i = 0; i < changes.length && at + changes[i] <= look; i += 2) {
    at += changes[i];
    value = changes[i + 1];
  }
  return value;
}

/** The mean of a per-second figure over the last seconds that have passed. */
function lately(figures, look, seconds = 2) {
  const end = Math.min(figures.length, Math.floor(look / run.looks));
  const part = figures.slice(Math.max(0, end - seconds), end);
  return part.length ? part.reduce((a, b) => a + b, 0) / part.length : 0;
}

const laneName = ({ track, substream }) => (track > 0 ? 'sound' : substream < run.k ? String(substream + 1) : 'parity');
const nodeName = (node) => (node === 0 ? 'the broadcaster' : `viewer ${node}`);
const capital = (text) => text[0].toUpperCase() + text.slice(1);
const rate = (kbps) => (kbps >= 1000 ? `${(kbps / 1000).toFixed(kbps < 10_000 ? 1 : 0)} Mbit/s` : `${Math.round(kbps)} kbit/s`);

/** How everybody fares at a moment. */
function audience(look) {
  const count = { here: 0, waits: 0, stands: 0 };
  for (let node = 1; node < NODES; node += 1) {
    const state = stateOf(look, node);
    count.here += isHere(state) ? 1 : 0;
    count.waits += state === WAITS ? 1 : 0;
    count.stands += state === STANDS ? 1 : 0;
  }
  return count;
}

/** Whom a node feeds in a substream. */
function childrenOf(lane, look, node) {
  const found = [];
  for (let child = 1; child < NODES; child += 1) if (parentOf(lane, look, child) === node) found.push(child);
  return found;
}
