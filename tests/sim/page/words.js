// What the picture says, in words: numbers of the moment, one node, and a sentence for who listens.

const byId = (id) => document.getElementById(id);

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** Replaces the content only if it reads otherwise: what is being read or pressed stays. */
function fill(target, ...inside) {
  const next = element('div', {}, ...inside);
  if (target.innerHTML !== next.innerHTML) target.replaceChildren(...next.childNodes);
}

/** What everybody sends, and how far behind they play. */
function figures(look) {
  const sent = run.nodes.map((track) => lately(track.sent, look));
  const viewers = sent.slice(1).reduce((a, b) => a + b, 0);
  const behind = run.nodes.slice(1).map((track) => lately(track.behind, look, 1)).filter((b) => b > 0).sort((a, b) => a - b);
  return { origin: sent[0], viewers, behind: behind[behind.length >> 1] ?? 0 };
}

function showNumbers(look) {
  const { here, waits, stands } = audience(look);
  const { origin, viewers, behind } = figures(look);
  const part = origin + viewers > 0 ? viewers / (origin + viewers) : 0;
  byId('carried').textContent = `${Math.round(part * 100)} %`;
  byId('carried-bar').style.width = `${part * 100}%`;
  const rows = [
    ['Viewers', `${here}${waits ? `, ${waits} wait for a picture` : ''}`],
    ['Pictures that stand', String(stands)],
    ['The broadcaster sends', `${rate(origin)}, ${(origin / run.stream_kbps).toFixed(1)} copies`],
    ['Alone it would have to send', `${rate(here * run.stream_kbps)}, ${here} copies`],
    ['Viewers pass on', rate(viewers)],
    ['Behind the broadcaster', behind ? `${(behind / 100).toFixed(1)} s (median)` : 'nobody plays yet'],
  ];
  fill(byId('numbers'), ...rows.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))));
}

const FARES = ['has not come yet', 'waits for its first picture', 'plays', 'stands: something is missing', 'hands its children over and leaves', 'has left', 'has vanished', 'has no network'];

function nodeSentence(look, node) {
  const state = stateOf(look, node);
  if (node === 0) return state === PLAYS ? 'The broadcaster, live' : `The broadcaster ${FARES[state]}`;
  const behind = lately(run.nodes[node].behind, look, 1);
  const far = state === PLAYS && behind ? `, ${(behind / 100).toFixed(1)} s behind the broadcaster` : '';
  return `Viewer ${node} ${FARES[state]}${far}`;
}

/** The whole picture in a sentence. */
function momentSentence(look) {
  const { here, waits, stands } = audience(look);
  const { origin } = figures(look);
  const of = (count) => (count === 0 ? 'nobody' : count);
  return `${(look / run.looks).toFixed(1)} seconds: ${here} viewers, ${of(stands)} standing, ${of(waits)} waiting. The broadcaster sends ${(origin / run.stream_kbps).toFixed(1)} copies of the stream.`;
}

const say = (text) => { byId('said').textContent = text; };

/** Names of the dots for who can't see them. */
function nameDots(look) {
  dots.forEach((group, node) => {
    if (!at[node].shown) return;
    const fed = run.lanes.reduce((sum, _, lane) => sum + (view.lane === ALL || view.lane === lane ? childrenOf(lane, look, node).length : 0), 0);
    const hops = view.lane === ALL || node === 0 ? '' : parentOf(view.lane, look, node) < 0 ? ', without a parent here' : `, fed by ${nodeName(parentOf(view.lane, look, node))}`;
    group.setAttribute('aria-label', `${nodeSentence(look, node)}${hops}, feeds ${fed}`);
  });
}

const link = (node) => element('button', { type: 'button', class: 'link', 'data-go': node }, node === 0 ? 'broadcaster' : String(node));

function list(nodes) {
  return nodes.length ? nodes.flatMap((node, index) => (index ? [' ', link(node)] : [link(node)])) : ['–'];
}

function showChosen(look) {
  const node = view.chosen;
  if (node === null) {
    byId('chosen-title').textContent = 'One viewer';
    fill(byId('chosen-body'), element('p', {}, 'Choose a dot to see who feeds it, whom it feeds, and what it gives.'));
    return;
  }
  const track = run.nodes[node];
  const fed = run.lanes.map((_, lane) => childrenOf(lane, look, node));
  const used = fed.reduce((sum, children) => sum + children.length, 0);
  const slots = valueAt(track.slots, look);
  const homes = valueAt(track.homes, look);
  byId('chosen-title').textContent = capital(nodeName(node));
  const facts = [
    ['May give', track.up > 0 ? rate(track.up) : node === 0 ? 'all it can' : 'nothing'],
    ['Slots in use', slots || used ? `${used} of ${slots}` : 'none'],
    ['Sends', rate(lately(track.sent, look))],
    ['Receives', rate(lately(track.got, look))],
  ];
  if (track.nat) facts.push(['Network', 'behind a NAT that few get through']);
  const rows = run.lanes.map((lane, index) => {
    const parent = parentOf(index, look, node);
    const from = node === 0 ? ['–'] : parent < 0 ? ['nobody'] : [link(parent), isLate(index, look, node) ? ' late' : ''];
    const home = homes >> index & 1 ? element('span', { class: 'home' }, 'home') : '';
    return element('tr', { style: `--hue: ${hue(index)}` },
      element('th', { scope: 'row' }, element('i', { class: 'lane-dot' }), laneName(lane), ' ', home),
      element('td', {}, ...from), element('td', {}, ...list(fed[index])));
  });
  const head = element('tr', {}, ...['Substream', 'Fed by', 'Feeds'].map((name) => element('th', { scope: 'col' }, name)));
  fill(byId('chosen-body'),
    element('p', {}, `${nodeSentence(look, node)}.`),
    element('dl', { class: 'numbers' }, ...facts.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value)))),
    element('table', {}, element('thead', {}, head), element('tbody', {}, ...rows)));
}
