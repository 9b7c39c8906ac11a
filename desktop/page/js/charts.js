// The drawings of the technical details. What they show also stands beside them in words and tables.

import { peerName } from './details.js';
import { draw, make } from './dom.js';
import { millis, rate, say } from './words.js';

const [WIDTH, HEIGHT] = [600, 160];
/** The scale is one of these, ms, so that it seldom changes. */
const SCALES = [500, 1000, 2000, 5000, 10_000, 30_000, 60_000, 300_000];

/** Delay over time: until handed out, until seen, and the aim. */
export function delayChart(history, kept) {
  const most = Math.max(1, ...history.flatMap(({ core, page, target }) => [core, page, target ?? 0]));
  const top = SCALES.find((scale) => scale >= most) ?? most;
  const x = (i) => WIDTH - ((history.length - 1 - i) / (kept - 1)) * WIDTH;
  const y = (value) => HEIGHT - (Math.min(value, top) / top) * HEIGHT;
  const line = (name, values) => {
    const points = values.map((value, i) => `${x(i).toFixed(1)},${y(value).toFixed(1)}`);
    return draw('polyline', { points: points.join(' '), class: `line ${name}` });
  };
  const svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none' });
  for (const part of [0, 0.5, 1]) {
    svg.append(draw('line', { x1: 0, x2: WIDTH, y1: HEIGHT * part, y2: HEIGHT * part, class: 'grid' }));
  }
  if (history.length) {
    svg.append(
      line('aim', history.map(({ target, page }) => target ?? page)),
      line('core', history.map(({ core }) => core)),
      line('page', history.map(({ page }) => page)),
    );
  }
  const scale = make('div', { class: 'scale' }, ...[top, top / 2, 0].map((ms) => make('span', {}, millis(ms))));
  const names = ['page', 'core', 'aim'].map((name) => make('span', { class: `key ${name}` }, say(`delay_${name}`)));
  return make('div', {}, make('div', { class: 'plot' }, scale, svg), make('div', { class: 'keys' }, ...names));
}

/** One row a device: to the start what comes from it, to the end what is given to it. */
export function peersChart(peers) {
  const most = Math.max(1, ...peers.flatMap((peer) => [peer.from_bps || 0, peer.to_bps || 0]));
  const bar = (name, value) => {
    const filled = make('i', {});
    filled.style.inlineSize = `${(100 * (value || 0)) / most}%`;
    const text = value > 0 ? rate(value) : '';
    return make('span', { class: `bar ${name}` }, filled, make('span', {}, text));
  };
  const row = (peer) =>
    make('div', { class: 'peer' }, make('span', { class: 'peer-name' }, peerName(peer)), bar('from', peer.from_bps), bar('to', peer.to_bps));
  if (!peers.length) return make('p', { class: 'soft' }, say('nobody'));
  const head = make('div', { class: 'peer heads' }, make('span'), make('span', { class: 'key from' }, say('from_them')), make('span', { class: 'key to' }, say('to_them')));
  return make('div', { class: 'peers' }, head, ...peers.map(row));
}
