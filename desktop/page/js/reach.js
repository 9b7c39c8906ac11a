// How the picture travels: from whom it comes, you, to whom it goes on. A drawing with the same
// said in a sentence.

import { byId, draw, setHidden, setText } from './dom.js';
import { icon } from './icons.js';
import { givers, takers } from './peers.js';
import { say } from './words.js';

/** Dots a side; more are told by a number. */
const DOTS = 5;
const [WIDTH, HEIGHT] = [300, 130];
const [LEFT, MIDDLE, RIGHT] = [26, WIDTH / 2, WIDTH - 26];

let shape = '';

export function renderReach(peers) {
  const from = givers(peers);
  const to = takers(peers);
  setHidden(byId('reach'), !from.length && !to.length);
  setText(byId('reach-words'), sentence(from, to));
  // Drawn anew only when somebody comes or goes, so that the motion runs on.
  const next = JSON.stringify([from.map((peer) => peer.origin), to.length]);
  if (next === shape) return;
  shape = next;
  byId('reach-picture').replaceChildren(picture(from, to));
}

function sentence(from, to) {
  if (!from.length) return say('reach_none');
  const onlyOrigin = from.length === 1 && from[0].origin;
  const first = onlyOrigin ? say('reach_origin') : say('reach_from', { n: from.length });
  return to.length ? `${first}, ${say('reach_on', { n: to.length })}.` : `${first}.`;
}

function picture(from, to) {
  const svg = draw('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}` });
  const sides = [[from, LEFT, true], [to, RIGHT, false]];
  for (const [peers, x, incoming] of sides) {
    places(peers.length).forEach((y, i) => svg.append(arm(x, y, incoming, i)));
  }
  for (const [peers, x, incoming] of sides) {
    places(peers.length).forEach((y, i) => svg.append(dot(x, y, peers[i], incoming)));
    if (peers.length > DOTS) svg.append(more(x, peers.length - DOTS));
  }
  svg.append(you());
  return svg;
}

/** Heights of the dots, the middle one in the middle. */
function places(count) {
  const shown = Math.min(count, DOTS);
  const gap = Math.min(30, 100 / Math.max(1, shown - 1));
  return Array.from({ length: shown }, (_, i) => HEIGHT / 2 + (i - (shown - 1) / 2) * gap);
}

function arm(x, y, incoming, i) {
  const bend = (x + MIDDLE) / 2;
  const middle = HEIGHT / 2;
  const d = incoming
    ? `M${x} ${y}C${bend} ${y} ${bend} ${middle} ${MIDDLE} ${middle}`
    : `M${MIDDLE} ${middle}C${bend} ${middle} ${bend} ${y} ${x} ${y}`;
  const line = draw('path', { d, class: 'reach-line' });
  const flow = draw('path', { d, class: 'reach-flow', pathLength: '100' });
  flow.style.animationDelay = `${(-i * 0.43 - (incoming ? 0 : 0.8)).toFixed(2)}s`;
  return draw('g', {}, line, flow);
}

function dot(x, y, peer, incoming) {
  if (incoming && peer.origin) {
    const play = draw('path', { d: `M${x - 3.5} ${y - 5.5}v11l9-5.5Z`, class: 'reach-play' });
    return draw('g', {}, draw('circle', { cx: x, cy: y, r: 13, class: 'reach-origin' }), play);
  }
  return draw('circle', { cx: x, cy: y, r: 8, class: 'reach-dot' });
}

function more(x, count) {
  const text = draw('text', { x, y: HEIGHT - 1, class: 'reach-more' });
  text.textContent = `+${count}`;
  return text;
}

function you() {
  const hand = icon('hand');
  hand.setAttribute('x', MIDDLE - 14);
  hand.setAttribute('y', HEIGHT / 2 - 14);
  hand.setAttribute('width', 28);
  hand.setAttribute('height', 28);
  return draw('g', { class: 'reach-you' }, draw('circle', { cx: MIDDLE, cy: HEIGHT / 2, r: 26 }), hand);
}
