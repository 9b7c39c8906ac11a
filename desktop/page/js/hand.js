// Lending a hand: what is given, why, how much, and one switch (SCREENS S8 and part 6). The switch
// shows what the program says, never what was asked of it.

import { byId, setAttribute, setHidden, setText } from './dom.js';
import { takers } from './peers.js';
import { post } from './post.js';
import { amount, knows, perMinute, say } from './words.js';

/** How long the program may take to act on the switch. */
const PATIENCE_MS = 5000;

export class Hand {
  #lend = null;
  #asked = null;
  #silent = false;

  constructor() {
    byId('hand-switch').addEventListener('click', () => this.#ask(!this.#lend?.on));
  }

  /** Switches giving on, as the button of the state "no free place" does. */
  turnOn() {
    if (!this.#lend?.on) this.#ask(true);
    byId('hand').scrollIntoView({ block: 'nearest' });
  }

  async #ask(on) {
    const asked = { on };
    this.#asked = asked;
    this.#silent = false;
    this.render(this.#lend, []);
    const answer = await post('lend', { on });
    setTimeout(() => this.#giveUp(asked), answer ? PATIENCE_MS : 0);
  }

  #giveUp(asked) {
    if (this.#asked !== asked) return;
    this.#asked = null;
    this.#silent = true;
  }

  render(lend, peers) {
    setHidden(byId('hand'), !lend);
    if (!lend) return;
    this.#lend = lend;
    if (this.#asked?.on === lend.on) {
      this.#asked = null;
      this.#silent = false;
    }
    const waiting = this.#asked !== null;
    setAttribute(byId('hand-switch'), 'aria-checked', String(Boolean(lend.on)));
    setAttribute(byId('hand-switch'), 'aria-busy', String(waiting));
    setText(byId('hand-now'), this.#now(lend, peers, waiting));
    setText(byId('hand-today'), today(lend, peers));
    const limit = lend.limit_bps > 0 ? say('hand_limit', { amount: perMinute(lend.limit_bps) }) : say('hand_no_limit');
    setText(byId('hand-limit'), limit);
  }

  #now(lend, peers, waiting) {
    if (waiting) return say('hand_waiting');
    if (this.#silent) return say('hand_silent');
    return reason(lend, peers);
  }
}

function reason(lend, peers) {
  const helped = takers(peers).length;
  if (lend.reason === 'lending' || (lend.reason === 'on' && helped)) {
    return helped ? say('reason_lending', { n: helped }) : say('reason_lending_some');
  }
  if (lend.reason === 'on') return say('reason_ready');
  const key = `reason_${lend.reason ?? (lend.on ? 'ready' : 'off')}`;
  // A reason that this page doesn't know is said in the program's own words.
  return knows(key) ? say(key) : String(lend.reason);
}

function today(lend, peers) {
  if (lend.given_today === null) return say('hand_today_unknown');
  const given = amount(lend.given_today ?? 0);
  const now = takers(peers).reduce((sum, peer) => sum + (peer.to_bps || 0), 0);
  if (now <= 0) return say('hand_today', { amount: given });
  return say('hand_today_now', { amount: given, rate: perMinute(now) });
}
