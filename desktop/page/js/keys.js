// Keys for everything over the picture; only outside of text fields, and they can be switched off.

import { byId, make, setAttribute } from './dom.js';
import { say } from './words.js';

const SAVED = 'manyhands.keys';

/** Connects keys with what they do; fills the list that `?` shows. */
export function bindKeys({ controls, player, share }) {
  const dialog = byId('keys');
  const keys = {
    ' ': () => controls.togglePlay(),
    k: () => controls.togglePlay(),
    m: () => controls.toggleMute(),
    f: () => controls.toggleFull(),
    p: () => controls.togglePip(),
    l: () => player.goLive(),
    s: share,
    ArrowLeft: () => controls.seekBy(-10),
    ArrowRight: () => controls.seekBy(10),
    ArrowUp: () => controls.setVolume(controls.volume + 0.1),
    ArrowDown: () => controls.setVolume(controls.volume - 0.1),
    '?': () => dialog.showModal(),
  };
  let on = saved() !== 'off';
  document.addEventListener('keydown', (event) => {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || !on || dialog.open || isTaken(event)) return;
    event.preventDefault();
    controls.wake();
    act();
  });
  bindDialog(dialog, () => on, (value) => { on = value; });
}

/** Whether the key means something where it was pressed. */
function isTaken(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const at = event.target;
  if (at.matches('textarea, select, [contenteditable], input:not([type=range])')) return true;
  if (event.key === ' ') return at.matches('button, summary');
  // The timeline moves by ten seconds, as everywhere else; the volume has its own arrows.
  if (event.key.startsWith('Arrow')) return at.matches('.volume, .scroll');
  return false;
}

function bindDialog(dialog, isOn, turn) {
  const key = (text) => make('kbd', {}, text);
  const rows = [
    [[say('space'), 'K'], 'key_play'], [['M'], 'key_mute'], [['F'], 'key_full'], [['P'], 'key_pip'],
    [['L'], 'key_live'], [['←', '→'], 'key_seek'], [['↑', '↓'], 'key_volume'], [['S'], 'key_share'],
    [['?'], 'key_help'],
  ];
  for (const [names, word] of rows) {
    const cell = make('dt', {}, ...names.flatMap((name, i) => (i ? [' ', key(name)] : [key(name)])));
    byId('keys-list').append(make('div', {}, cell, make('dd', {}, say(word))));
  }
  const show = byId('keys-switch');
  const draw = () => setAttribute(show, 'aria-checked', String(isOn()));
  draw();
  show.addEventListener('click', () => {
    turn(!isOn());
    save(isOn() ? 'on' : 'off');
    draw();
  });
  byId('keys-open').addEventListener('click', () => dialog.showModal());
  byId('keys-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
}

// A browser may forbid to keep anything; then the choice holds for this page only.
function saved() {
  try {
    return localStorage.getItem(SAVED);
  } catch {
    return null;
  }
}

function save(value) {
  try {
    localStorage.setItem(SAVED, value);
  } catch {
    // See above.
  }
}
