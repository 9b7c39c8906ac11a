// Where each node stands: in one substream as a tree around the broadcaster, with all substreams at
// once on rings. Places are angle and radius, the radius as a part of the picture's.

/** Who has gone, and who has lost its parent, keeps its place this long. */
const KEEP = 2 * run.looks;
/** The outermost ring of a tree; beyond it are those without a parent. */
const EDGE = 0.87;
const START = -Math.PI / 2;
/** Left free at the top, for the names of the rings. */
const GAP = 0.24;

/** Inner rings stand wider apart: most viewers are few hops away. */
const ring = (hops, of) => (hops / of) ** 0.8 * EDGE;

/** Whether a node is in the picture: there, or gone a moment ago. */
function isShown(look, node) {
  const state = stateOf(look, node);
  if (isHere(state) || state === OFFLINE) return true;
  if (node === 0) return true;
  return (state === VANISHED || state === LEFT) && isHere(stateOf(Math.max(0, look - KEEP), node));
}

/** The parent now, or the last one for a moment. */
function heldParent(lane, look, node) {
  for (let at = look; at >= Math.max(0, look - KEEP); at -= 1) {
    const parent = parentOf(lane, at, node);
    if (parent >= 0) return isShown(look, parent) ? parent : -1;
  }
  return -1;
}

/** One substream: `places` by node, and the number of rings. */
function treePlaces(lane, look) {
  const under = Array.from({ length: NODES }, () => []);
  for (let node = 1; node < NODES; node += 1) {
    const parent = isShown(look, node) ? heldParent(lane, look, node) : -1;
    if (parent >= 0) under[parent].push(node);
  }
  // Every node once, parents before children; a loop would not be reached at all.
  const order = [0];
  const depth = new Int16Array(NODES).fill(-1);
  depth[0] = 0;
  for (let at = 0; at < order.length; at += 1) {
    for (const child of under[order[at]]) {
      depth[child] = depth[order[at]] + 1;
      order.push(child);
    }
  }
  const weight = new Float64Array(NODES);
  for (const node of order.toReversed()) {
    weight[node] = Math.max(1, under[node].reduce((sum, child) => sum + weight[child], 0));
  }
  const rings = Math.max(3, ...order.map((node) => depth[node]));
  const places = new Map([[0, { angle: START, radius: 0 }]]);
  const from = new Float64Array(NODES);
  for (const node of order) {
    let angle = node === 0 ? START + GAP / 2 : from[node];
    const span = (2 * Math.PI - GAP) / weight[0];
    for (const child of under[node]) {
      from[child] = angle;
      places.set(child, { angle: angle + weight[child] * span / 2, radius: ring(depth[child], rings) });
      angle += weight[child] * span;
    }
  }
  for (let node = 1; node < NODES; node += 1) {
    if (isShown(look, node) && !places.has(node)) places.set(node, { angle: null, radius: 1 });
  }
  return { places, rings: Array.from({ length: rings }, (_, at) => ring(at + 1, rings)) };
}

/** All substreams: whoever the broadcaster feeds in any of them inside, all others around. */
function ringPlaces(look) {
  const inner = [];
  const outer = [];
  for (let node = 1; node < NODES; node += 1) {
    if (!isShown(look, node)) continue;
    const fed = run.lanes.some((_, lane) => heldParent(lane, look, node) === 0);
    (fed ? inner : outer).push(node);
  }
  const places = new Map([[0, { angle: START, radius: 0 }]]);
  const around = (nodes, radius) => nodes.forEach((node, at) => {
    places.set(node, { angle: START + 2 * Math.PI * (at + 0.5) / nodes.length, radius });
  });
  around(inner, 0.42);
  around(outer, 0.92);
  return { places, rings: [0.42, 0.92] };
}
