// A walk through the picture for who sees one for the first time.

/** The first moment at which (nearly) everybody has come. */
function fullHouse() {
  const first = run.marks.length ? Math.min(...run.marks.map((mark) => mark.second)) : run.seconds;
  return Math.max(1, Math.min(first, run.seconds) - 6);
}

/** Who feeds most substreams' worth of viewers at a moment. */
function busiest(look) {
  const fed = new Float64Array(NODES);
  run.lanes.forEach((_, lane) => {
    for (let node = 1; node < NODES; node += 1) {
      const parent = parentOf(lane, look, node);
      if (parent > 0) fed[parent] += 1;
    }
  });
  return fed.indexOf(Math.max(...fed));
}

/** Who feeds others in the first tree, and how many of these do so in the second. */
function sharedGivers() {
  const look = Math.floor(fullHouse() * run.looks);
  const feeds = (lane) => run.nodes.map((_, node) => node).filter((node) => node > 0 && childrenOf(lane, look, node).length > 0);
  const first = feeds(0);
  const both = feeds(Math.min(1, run.lanes.length - 1)).filter((node) => first.includes(node));
  return `Of the ${first.length} viewers that feed others in the first tree, ${both.length || 'none'} feed${both.length > 1 ? '' : 's'} others in this one.`;
}

const homeOf = (node, look) => Math.max(0, run.lanes.findIndex((_, lane) => valueAt(run.nodes[node].homes, look) >> lane & 1));

const tale = [
  {
    title: 'The stream is cut into parts',
    text: () => `Every ${run.chunk_ms} ms the broadcaster cuts what its camera has seen into ${run.k} equal parts. This is the way of the first part: from the broadcaster in the middle to a viewer or two, and from viewer to viewer until everybody has it.`,
    go: () => { chooseLane(0); seek(fullHouse()); },
  },
  {
    title: 'Each part has a way of its own',
    text: () => `The same viewers at the same moment, and the way of the second part. ${sharedGivers()} So if somebody goes, those below lose one part of ${run.k} for a moment, and not the picture.`,
    go: () => { chooseLane(Math.min(1, run.lanes.length - 1)); seek(fullHouse()); },
  },
  {
    title: 'Together they carry it',
    text: () => 'All substreams at once. On the inner ring are those whom the broadcaster feeds in at least one of them. Everything else travels between viewers. The smallest dots give nothing, and they watch all the same.',
    go: () => { chooseLane(ALL); seek(fullHouse()); },
  },
  {
    title: 'One that gives much',
    text: () => {
      const node = busiest(Math.floor(fullHouse() * run.looks));
      const feeders = new Set(run.lanes.map((_, lane) => parentOf(lane, Math.floor(fullHouse() * run.looks), node)));
      return `${capital(nodeName(node))} feeds more than anybody else, and has what it passes on from ${feeders.size} others. Its table says whom it feeds, and who feeds it.`;
    },
    go: () => {
      const look = Math.floor(fullHouse() * run.looks);
      const node = busiest(look);
      seek(fullHouse());
      chooseNode(node);
      chooseLane(homeOf(node, look));
    },
  },
];

if (run.marks.length) {
  const [{ second, what }] = run.marks;
  tale.push({
    title: `At ${second} s, ${what}`,
    text: () => 'Slowly now. Wires turn red where a parent is late. Who misses a part asks somebody else for the piece (dashed) and looks for a new parent; where that takes too long, the picture stands.',
    go: () => { chooseLane(0); seek(second - 0.5); setSpeed(0.25); play(true); },
  });
}

let step = -1;

function tellStep(next) {
  step = next;
  const { title, text, go } = tale[step];
  chooseNode(null);
  setSpeed(1);
  byId('story-step').textContent = `${step + 1} of ${tale.length}`;
  byId('story-title').textContent = title;
  byId('story-text').textContent = text();
  byId('story-back').disabled = step === 0;
  byId('story-next').textContent = step + 1 === tale.length ? 'From the beginning' : 'Next';
  go();
}

byId('story-back').addEventListener('click', () => tellStep(Math.max(0, step - 1)));
byId('story-next').addEventListener('click', () => tellStep((step + 1) % tale.length));
