// What a screen reader says of itself: changes politely, five things at once (SCREENS part 3).

import { byId } from './dom.js';

/** `urgent` interrupts: connection lost, broadcast ended. */
export function announce(text, { urgent = false } = {}) {
  const place = byId(urgent ? 'urgent' : 'polite');
  // The same words twice are a change only if the text was empty in between.
  place.textContent = '';
  requestAnimationFrame(() => { place.textContent = text; });
}

let hiding;

/** A short note at the foot, at least 6 s; it is a status, so it is also spoken. */
export function toast(text) {
  const place = byId('toast');
  place.hidden = false;
  place.textContent = text;
  clearTimeout(hiding);
  hiding = setTimeout(() => { place.hidden = true; }, 6000);
}
