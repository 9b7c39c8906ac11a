// Technical details: delay over time, who sends what, numbers; each drawing also as a table. Only
// here are bit rates and counters. Drawn only while open.

import { delayChart, peersChart } from './charts.js';
import { byId, make, setText } from './dom.js';
import { amount, clock, figure, millis, rate, say } from './words.js';

/** Two minutes, one value a second. */
const KEPT = 120;
/** The table has a row each this many seconds. */
const ROW_SECONDS = 10;

export class Details {
  #box = byId('details');
  #history = [];
  #last = {};

  constructor() {
    this.#box.addEventListener('toggle', () => this.#draw());
  }

  /** Called once a second: `core` = until the program handed it out, `page` = until it is seen, ms. */
  note({ core, page, target, peers, stats, reserve, size }) {
    this.#last = { target, peers, stats, reserve, size };
    if (core !== null) {
      this.#history.push({ core, page, target });
      if (this.#history.length > KEPT) this.#history.shift();
    }
    this.#draw();
  }

  #draw() {
    if (!this.#box.open) return;
    this.#drawDelay();
    this.#drawPeers();
    fill(byId('numbers'), numbers(this.#last));
  }

  #drawDelay() {
    byId('delay-chart').replaceChildren(delayChart(this.#history, KEPT));
    setText(byId('delay-words'), delayWords(this.#history));
    const rows = this.#history
      .map((value, i) => ({ ...value, ago: this.#history.length - 1 - i }))
      .filter(({ ago }) => ago % ROW_SECONDS === 0)
      .reverse()
      .map(({ ago, core, page, target }) => [figure(ago), millis(core), millis(page), target ? millis(target) : '–']);
    table(byId('delay-table'), ['delay_when', 'delay_core', 'delay_page', 'delay_aim'], rows);
  }

  #drawPeers() {
    const peers = this.#last.peers ?? [];
    byId('peers-chart').replaceChildren(peersChart(peers));
    const rows = peers.map((peer) => [peerName(peer), speed(peer.from_bps), speed(peer.to_bps)]);
    table(byId('peers-table'), ['peer', 'from_them', 'to_them'], rows.length ? rows : [[say('nobody'), '–', '–']]);
  }
}

const speed = (bps) => (bps > 0 ? rate(bps) : '–');

/** What a peer is called where there is room for it. */
export function peerName(peer) {
  return peer.origin ? say('broadcaster') : say('viewer', { name: String(peer.peer).slice(0, 6) });
}

function delayWords(history) {
  const last = history.at(-1);
  if (!last) return say('delay_none');
  const pages = history.map(({ page }) => page);
  return say('delay_words', {
    now: millis(last.page),
    low: millis(Math.min(...pages)),
    high: millis(Math.max(...pages)),
    target: last.target ? millis(last.target) : '–',
  });
}

/** Only what the program reports is shown. */
function numbers({ stats = {}, reserve, size }) {
  const rows = [];
  const add = (word, value, as) => value !== undefined && value !== null && rows.push([say(word), as(value)]);
  add('n_size', size, String);
  add('n_uptime', stats.uptime_ms, clock);
  add('n_received', stats.received?.datagram, amount);
  add('n_sent', stats.sent?.datagram, amount);
  add('n_depth', stats.depth, figure);
  add('n_repairs', stats.repairs, figure);
  add('n_stalls', stats.stalls, figure);
  add('n_stalled', stats.stalled_ms, millis);
  add('n_buffer', stats.buffer_ms, millis);
  add('n_page_buffer', reserve, millis);
  add('n_clock', stats.clock_error_ms, (ms) => `± ${millis(ms)}`);
  return rows;
}

function fill(list, rows) {
  list.replaceChildren(...rows.map(([name, value]) => make('div', {}, make('dt', {}, name), make('dd', {}, value))));
}

function table(element, heads, rows) {
  const head = make('tr', {}, ...heads.map((word) => make('th', { scope: 'col' }, say(word))));
  const line = ([first, ...rest]) =>
    make('tr', {}, make('th', { scope: 'row' }, first), ...rest.map((text) => make('td', {}, text)));
  element.replaceChildren(make('thead', {}, head), make('tbody', {}, ...rows.map(line)));
}
