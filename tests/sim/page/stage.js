// The picture: dots that glide to their places, wires between them, and what goes wrong on them.
// Wires are few paths with many strokes, so that hundreds of viewers stay cheap to draw.

const SVG = 'http://www.w3.org/2000/svg';
const stage = document.getElementById('stage');
const calm = matchMedia('(prefers-reduced-motion: reduce)');

function svg(name, attributes = {}, inside = stage) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  inside.append(element);
  return element;
}

const rings = svg('g', { class: 'rings' });
const wires = run.lanes.map((_, lane) => svg('path', { class: 'wire', style: `--hue: ${hue(lane)}` }));
const chosenWires = run.lanes.map((_, lane) => svg('path', { class: 'wire chosen', style: `--hue: ${hue(lane)}` }));
const [lateWires, asked, missed, halo] = ['wire late', 'wire asked', 'wire missed', 'halo'].map((name) => svg('path', { class: name }));
const beads = run.lanes.map((_, lane) => svg('path', { class: 'beads', style: `--hue: ${hue(lane)}` }));
const dots = run.nodes.map((_, node) => dot(node));

function hue(lane) {
  return Math.round(185 + 360 * lane / run.lanes.length) % 360;
}

function dot(node) {
  const group = svg('g', { class: 'node', role: 'button', tabindex: node === 0 ? 0 : -1, 'data-node': node });
  if (node === 0) {
    svg('circle', { r: 17 }, group);
    svg('path', { class: 'phone', d: 'M-4.5-8.5h9q1.5 0 1.5 1.5v14q0 1.5-1.5 1.5h-9q-1.5 0-1.5-1.5v-14q0-1.5 1.5-1.5zM-1.2 6h2.4' }, group);
  } else {
    svg('circle', { class: 'body' }, group);
    svg('path', { class: 'cross', d: 'M-4-4 4 4M4-4-4 4' }, group);
  }
  return group;
}

const view = { lane: ALL, chosen: null, look: 0, width: 600, height: 600, scale: 1 };
const at = run.nodes.map(() => ({ x: NaN, y: NaN, toX: 0, toY: 0, angle: null, shown: false }));
let drawnLook = -1;
let drawnRings = '';

/** How large a dot is: by the substreams' worth of upload that it may give. */
function size(node) {
  const copies = run.nodes[node].up / run.stream_kbps;
  const base = Math.max(3.6, Math.min(7, 70 / Math.sqrt(NODES) * view.scale));
  return base * (1 + Math.min(1.3, Math.sqrt(copies) * 0.45));
}

function measure() {
  const box = stage.getBoundingClientRect();
  if (!box.width) return;
  [view.width, view.height] = [box.width, box.height];
  view.scale = Math.min(box.width, box.height) / 600;
  stage.setAttribute('viewBox', `${-box.width / 2} ${-box.height / 2} ${box.width} ${box.height}`);
  dots.forEach((group, node) => node && group.querySelector('.body').setAttribute('r', size(node).toFixed(1)));
  place(true);
}

/** A picture wider than high is used in full, up to a point. */
function radii() {
  const high = Math.max(40, view.height / 2 - 16);
  return { x: Math.max(40, Math.min(view.width / 2 - 16, high * 1.45)), y: high };
}

const roundAt = (angle, radius) => {
  const { x, y } = radii();
  return { x: Math.cos(angle) * radius * x, y: Math.sin(angle) * radius * y };
};

/** Gives every node its place at the moment shown. */
function place(jump = false) {
  const { places, rings: circles } = view.lane === ALL ? ringPlaces(view.look) : treePlaces(view.lane, view.look);
  at.forEach((spot, node) => {
    const target = places.get(node);
    const fresh = !spot.shown;
    spot.shown = target !== undefined;
    if (!target) return;
    // Without a parent: outwards from where it is.
    spot.angle = target.angle ?? spot.angle ?? node * 2.399963;
    const to = roundAt(spot.angle, target.radius);
    [spot.toX, spot.toY] = [to.x, to.y];
    if (jump || calm.matches || Number.isNaN(spot.x)) [spot.x, spot.y] = [to.x, to.y];
    else if (fresh) [spot.x, spot.y] = [to.x * 1.08, to.y * 1.08];
  });
  drawRings(circles);
  drawStates(view.look);
}

function drawRings(circles) {
  const { x, y } = radii();
  const key = `${circles.join()} ${x} ${y}`;
  if (key === drawnRings) return;
  drawnRings = key;
  rings.replaceChildren();
  circles.forEach((part, ring) => {
    svg('ellipse', { rx: part * x, ry: part * y }, rings);
    if (view.lane === ALL) return;
    const text = svg('text', { y: 4 - part * y }, rings);
    text.textContent = ring === 0 ? '1 hop' : String(ring + 1);
  });
}

const NAMES = ['away', 'waits', 'plays', 'stands', 'leaves', 'gone', 'gone', 'offline'];

function drawStates(look) {
  dots.forEach((group, node) => {
    const shown = at[node].shown;
    group.toggleAttribute('hidden', !shown);
    if (shown) group.setAttribute('data-state', NAMES[stateOf(look, node)]);
    group.setAttribute('aria-pressed', String(view.chosen === node));
  });
}

const point = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
const spotPath = ({ x, y }) => `M${x.toFixed(1)} ${y.toFixed(1)}h0`;

/** A wire bends along the rings, so that those to siblings part early. */
function bend(from, to) {
  const half = 0.5;
  const a = { x: from.x + (to.x - from.x) * half * 0.4, y: from.y + (to.y - from.y) * half * 0.4 };
  const length = Math.hypot(to.x, to.y) || 1;
  const middle = (Math.hypot(from.x, from.y) + length) / 2;
  const b = { x: to.x / length * middle, y: to.y / length * middle };
  return [a, b];
}

function wire(from, to) {
  const [a, b] = bend(from, to);
  return `M${point(from)}C${point(a)} ${point(b)} ${point(to)}`;
}

function along(from, to, part) {
  const [a, b] = bend(from, to);
  const rest = 1 - part;
  const mix = (k) => rest ** 3 * from[k] + 3 * rest * rest * part * a[k] + 3 * rest * part * part * b[k] + part ** 3 * to[k];
  return { x: mix('x'), y: mix('y') };
}

/** A hop of the moving dots takes this long. */
const HOP_MS = 420;

function drawWires(clock) {
  const { look, chosen } = view;
  const lanes = view.lane === ALL ? run.lanes.map((_, lane) => lane) : [view.lane];
  const late = [];
  run.lanes.forEach((_, lane) => {
    const [plain, strong, moving] = [[], [], []];
    if (lanes.includes(lane)) {
      const line = chosen === null || view.lane === ALL ? new Set() : ancestry(lane, look, chosen);
      const phase = calm.matches ? null : (clock / HOP_MS + lane * 0.6) % WAVE;
      for (let node = 1; node < NODES; node += 1) {
        const parent = at[node].shown ? parentOf(lane, look, node) : -1;
        if (parent < 0 || !at[parent].shown) continue;
        const touches = node === chosen || parent === chosen || line.has(node);
        const path = wire(at[parent], at[node]);
        if (isLate(lane, look, node)) late.push(path);
        else (touches ? strong : plain).push(path);
        const part = phase === null ? -1 : phase - depthOf(lane, look, parent);
        if (part >= 0 && part < 1 && (view.lane !== ALL || chosen === null || touches)) {
          moving.push(spotPath(along(at[parent], at[node], part)));
        }
      }
    }
    wires[lane].setAttribute('d', plain.join(''));
    chosenWires[lane].setAttribute('d', strong.join(''));
    beads[lane].setAttribute('d', moving.join(''));
  });
  lateWires.setAttribute('d', late.join(''));
  stage.classList.toggle('some', chosen !== null && view.lane === ALL);
  stage.classList.toggle('all', view.lane === ALL);
}

/** Waves of moving dots follow each other after this many hops. */
const WAVE = 3;
let depths = { look: -1, lanes: [] };

function depthOf(lane, look, node) {
  if (depths.look !== look) depths = { look, lanes: [] };
  const known = (depths.lanes[lane] ??= new Int16Array(NODES).fill(-1));
  let [hops, above] = [0, node];
  const way = [];
  while (above > 0 && known[above] < 0 && hops < NODES) {
    way.push(above);
    above = parentOf(lane, look, above);
    hops += 1;
  }
  let depth = above === 0 ? 0 : above > 0 ? known[above] : NODES;
  for (const one of way.toReversed()) known[one] = depth = Math.min(depth + 1, NODES);
  return node === 0 ? 0 : known[node] % WAVE;
}

/** A node and all above it. */
function ancestry(lane, look, node) {
  const line = new Set();
  for (let one = node; one > 0 && !line.has(one); one = parentOf(lane, look, one)) line.add(one);
  return line;
}

/** Pieces that came otherwise than from the parent stay visible this long. */
const STAY = 0.5 * run.looks;

function drawTrouble() {
  const { look } = view;
  const [soft, hard, round] = [[], [], []];
  for (let back = 0; back < STAY && look - back >= 0; back += 1) {
    for (const { to, from, lane, late } of strays[look - back]) {
      if ((view.lane !== ALL && view.lane !== lane) || !at[to].shown || !at[from].shown) continue;
      if (view.lane === ALL && view.chosen !== null && view.chosen !== to && view.chosen !== from) continue;
      (late ? hard : soft).push(`M${point(at[from])}L${point(at[to])}`);
    }
  }
  for (let node = 1; node < NODES; node += 1) {
    if (at[node].shown && stateOf(look, node) === STANDS) round.push(spotPath(at[node]));
  }
  asked.setAttribute('d', soft.join(''));
  missed.setAttribute('d', hard.join(''));
  halo.setAttribute('d', round.join(''));
}

/** Moves the dots on by `ms`; whether any is still on its way. */
function glide(ms) {
  let moving = false;
  const part = calm.matches ? 1 : 1 - Math.exp(-ms / 160);
  at.forEach((spot, node) => {
    if (!spot.shown) return;
    const [dx, dy] = [spot.toX - spot.x, spot.toY - spot.y];
    if (Math.abs(dx) + Math.abs(dy) > 0.3) {
      spot.x += dx * part;
      spot.y += dy * part;
      moving = true;
    }
    dots[node].setAttribute('transform', `translate(${spot.x.toFixed(1)} ${spot.y.toFixed(1)})`);
  });
  return moving;
}

/** Draws the moment `look`; `clock` drives what moves by itself, `ms` have passed since last time. */
function draw(look, clock, ms) {
  view.look = look;
  if (look !== drawnLook) {
    drawnLook = look;
    place();
  }
  const moving = glide(ms);
  drawWires(clock);
  drawTrouble();
  return moving;
}

/** Something else is to be seen at the same moment. */
function redraw() {
  drawnLook = -1;
  drawnRings = '';
}
