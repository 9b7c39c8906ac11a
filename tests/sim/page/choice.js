// What is looked at: a substream, a node. By mouse, finger and keys.

function chooseLane(lane) {
  view.lane = lane;
  document.querySelector(`#lanes input[value="${lane}"]`).checked = true;
  redraw();
  wake();
}

function chooseNode(node) {
  view.chosen = node;
  if (node !== null) dots.forEach((group, one) => group.setAttribute('tabindex', one === node ? 0 : -1));
  redraw();
  wake();
  if (node !== null) say(`${nodeSentence(lookNow(), node)}.`);
}

function addLanes() {
  const names = [[ALL, 'All'], ...run.lanes.map((lane, index) => [index, capital(laneName(lane))])];
  for (const [lane, name] of names) {
    const input = element('input', { type: 'radio', name: 'lane', value: lane });
    const label = element('label', { style: lane === ALL ? '' : `--hue: ${hue(lane)}` }, input, element('span', {}, name));
    if (lane !== ALL && run.lanes[lane].track === 0) input.setAttribute('aria-label', `Substream ${name}`);
    else input.setAttribute('aria-label', lane === ALL ? 'All substreams' : name);
    input.addEventListener('change', () => chooseLane(lane));
    byId('lanes').append(label);
  }
}

/** A finger is about this wide. */
const REACH = 26;

stage.addEventListener('click', (event) => {
  const box = stage.getBoundingClientRect();
  const spot = { x: event.clientX - box.left - box.width / 2, y: event.clientY - box.top - box.height / 2 };
  const near = at.map((one, node) => ({ node, far: one.shown ? Math.hypot(one.x - spot.x, one.y - spot.y) : Infinity }));
  const { node, far } = near.reduce((best, one) => (one.far < best.far ? one : best));
  chooseNode(far <= REACH && node !== view.chosen ? node : null);
});

/** From a node to the one that an arrow key means. */
function neighbour(node, key) {
  const look = lookNow();
  const lane = Math.max(0, view.lane);
  const parent = node === 0 ? -1 : parentOf(lane, look, node);
  if (key === 'ArrowUp') return parent >= 0 ? parent : 0;
  if (key === 'ArrowDown') return childrenOf(lane, look, node).find((child) => at[child].shown);
  if (key === 'Home') return 0;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (!step) return undefined;
  const alone = run.nodes.map((_, one) => one).filter((one) => one > 0 && at[one].shown && parentOf(lane, look, one) === parent);
  return alone[(alone.indexOf(node) + step + alone.length) % alone.length];
}

stage.addEventListener('keydown', (event) => {
  const group = event.target.closest?.('[data-node]');
  if (!group) return;
  const node = Number(group.dataset.node);
  if (event.key === 'Enter' || event.key === ' ') {
    chooseNode(view.chosen === node ? null : node);
    event.preventDefault();
    return;
  }
  const next = neighbour(node, event.key);
  if (next === undefined) return;
  event.preventDefault();
  dots.forEach((one, index) => one.setAttribute('tabindex', index === next ? 0 : -1));
  dots[next].focus();
});

document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.('select')) return;
  const key = event.key.toLowerCase();
  if (key === 'k') byId('play').click();
  else if (key === 'j' || key === 'l') seek(clock.second + (key === 'j' ? -1 : 1));
  else if (key === 'escape') chooseNode(null);
  else if (key === '0') chooseLane(ALL);
  else if (/^[1-9]$/.test(key) && Number(key) <= run.lanes.length) chooseLane(Number(key) - 1);
});

byId('chosen-body').addEventListener('click', (event) => {
  const go = event.target.closest('[data-go]');
  if (!go) return;
  chooseNode(Number(go.dataset.go));
  byId('chosen-title').focus();
});
