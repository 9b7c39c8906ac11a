// Words over the picture: a state's icon, title, one sentence, at most two buttons (SCREENS S7).

import { announce } from './announce.js';
import { byId, make, setHidden, setIcon, setText } from './dom.js';
import { kindOf } from './states.js';
import { knows, say } from './words.js';

/** After this "Getting the picture…" says that it takes longer. */
const LONG_SECONDS = 5;

export class Overlay {
  #shown = null;
  #since = 0;
  #act;

  /** `act(name)` is called for a button. */
  constructor(act) {
    this.#act = act;
  }

  get kind() { return this.#shown; }

  /** Shows `kind` or, with `null`, the bare picture. `about` = the program's whole state and what can
   *  be watched again. */
  show(kind, about) {
    if (kind !== this.#shown) this.#change(kind);
    if (kind === null) return;
    const seconds = (performance.now() - this.#since) / 1000;
    setText(byId('overlay-title'), title(kind, about));
    setText(byId('overlay-text'), sentence(kind, about, seconds));
    this.#buttons(kind, about);
    if (this.#unspoken && kind !== 'joining') {
      this.#unspoken = false;
      const words = `${title(kind, about)}. ${sentence(kind, about, seconds)}`;
      announce(words, { urgent: Boolean(kindOf(kind).lost) });
    }
  }

  #unspoken = false;

  #change(kind) {
    const wasLost = this.#shown !== null && this.#shown !== 'joining';
    this.#shown = kind;
    this.#since = performance.now();
    this.#unspoken = true;
    const box = byId('overlay');
    setHidden(box, kind === null);
    box.dataset.kind = kind ?? '';
    if (kind === null) {
      if (wasLost) announce(say('back_again'));
      return;
    }
    const place = box.querySelector('.overlay-icon');
    const name = kindOf(kind).icon;
    setHidden(place, name === null);
    if (name) setIcon(place, name);
  }

  #buttons(kind, { canReplay }) {
    const { actions = [], replay } = kindOf(kind);
    const names = replay && canReplay ? [...actions, 'last_minutes'] : actions;
    const place = byId('overlay-actions');
    if (place.dataset.names === names.join()) return;
    place.dataset.names = names.join();
    place.replaceChildren(...names.map((name, i) => {
      const button = make('button', { type: 'button', class: i ? 'button' : 'button primary' }, say(name));
      button.addEventListener('click', () => this.#act(name));
      return button;
    }));
  }
}

function title(kind, { title: broadcast }) {
  if (kind === 'joining') return broadcast;
  return knows(`${kind}_title`) ? say(`${kind}_title`) : '';
}

function sentence(kind, { program }, seconds) {
  if (kindOf(kind).unknown) return program.message ?? '';
  if (kind === 'joining') return say(seconds < LONG_SECONDS ? 'joining_text' : 'joining_long');
  const ran = program.ran_ms ?? program.stats?.position_ms;
  if (kind === 'ended' && ran > 0) return say('ended_ran', { n: Math.max(1, Math.round(ran / 60_000)) });
  const { longAfter } = kindOf(kind);
  return say(longAfter && seconds > longAfter ? `${kind}_long` : `${kind}_text`);
}
