// Puts the parts together: what the program says goes to the player and to what is shown.

import { Controls } from './controls.js';
import { Details } from './details.js';
import { byId, fillWords, setHidden, setText } from './dom.js';
import { Hand } from './hand.js';
import { bindKeys } from './keys.js';
import { Overlay } from './overlay.js';
import { Player } from './player.js';
import { renderReach } from './reach.js';
import { Share } from './share.js';
import { STILL_SHORT, decide, kindOf } from './states.js';
import { Still } from './still.js';
import { Stream } from './stream.js';
import { keepAwake } from './wake.js';
import { chooseLanguage, say, watching } from './words.js';

/** Less than this isn't "the last minutes". */
const REPLAY_SECONDS = 8;

const asked = new URLSearchParams(location.search);
chooseLanguage([asked.get('lang') ?? '', ...navigator.languages]);
if (asked.get('dir') === 'rtl') document.documentElement.dir = 'rtl';
fillWords();

const video = byId('video');
const still = new Still(video, byId('still'));
let program = { state: 'joining' };
let title = 'Manyhands';
let connected = true;
let failed = false;
let replaying = false;
let firstPicture = null;
let skips = 0;

const player = new Player(video, {
  again: () => begin(),
  cover: () => still.cover(),
  picture() {
    firstPicture ??= performance.now();
    still.uncover();
  },
  silenced: () => controls.silenced(),
  failed: () => { failed = true; },
});
const controls = new Controls(player);
const hand = new Hand();
const share = new Share();
const details = new Details();
const overlay = new Overlay(act);
bindKeys({ controls, player, share: () => share.open() });

const stream = new Stream('stream', {
  hello(hello) {
    connected = true;
    title = hello.title;
    // What comes now starts at a keyframe, with the configurations in front.
    player.begin();
  },
  init: (frame) => takes() && player.init(frame),
  fragment: (frame) => takes() && player.fragment(frame),
  state({ state }) {
    const wasGone = kindOf(program.state).gone;
    program = state;
    title = program.title || title;
    const isGone = kindOf(program.state).gone;
    if (isGone && !wasGone) takeAway();
    if (wasGone && !isGone) begin();
    render();
  },
  skipped() { skips += 1; },
  lost() { connected = false; },
});

if (Player.supported) stream.restart();
else failed = true;

/** Whether media may be shown at all. */
const takes = () => !failed && !kindOf(program.state).gone;

/** Picture, sound and what was kept are gone at once. */
function takeAway() {
  still.clear();
  player.forget();
}

/** Begins again with the stream; the last picture stays until there is a new one. */
function begin() {
  still.cover();
  player.begin();
  stream.restart();
}

/** The buttons over the picture. */
function act(name) {
  if (name === 'try_now') {
    failed = false;
    player.forgiveTrouble();
    begin();
  } else if (name === 'last_minutes') {
    replaying = true;
    player.wantsPlay = true;
    player.seekTo(player.window);
  } else if (name === 'lend_action') {
    hand.turnOn();
  }
  render();
}

/** Seconds from the scene to the eye. */
const delay = () => (program.latency_ms ?? program.stats?.latency_ms ?? 0) / 1000 + player.ahead;

function render() {
  const { state } = program;
  if (replaying && (player.behind < 0.5 || player.following)) replaying = false;
  const kind = decide({
    program: state,
    connected,
    failed,
    troubled: player.troubled,
    hadPicture: player.hadPicture,
    still: player.still,
    hasPicture: player.hasPicture,
    replaying,
  });
  const canReplay = player.window > REPLAY_SECONDS;
  overlay.show(kind, { program, title, canReplay });
  const gone = kindOf(state).gone;
  const playable = player.started && !gone && (kind === null || kind === 'camera_off');
  const viewers = kind && kindOf(kind).quiet ? 0 : program.stats?.viewers;
  controls.render({ playable, delay: delay(), targetSeconds: (program.target_ms ?? 0) / 1000, viewers });
  renderPill(kind);
  renderAbout(viewers);
  const peers = program.peers ?? [];
  share.allow(!gone);
  hand.render(gone ? null : program.lend, peers);
  renderReach(gone ? [] : peers);
  keepAwake(playable && player.wantsPlay);
}

function renderPill(kind) {
  const slow = kind === null && player.still >= STILL_SHORT;
  setHidden(byId('pill'), !slow);
  setText(byId('pill'), slow ? say('catching_up') : '');
  setHidden(byId('sound-on'), byId('sound-on').hidden || !video.muted || kind !== null);
}

function renderAbout(viewers) {
  setText(byId('title'), title);
  setText(byId('about-line'), viewers > 0 ? watching(viewers) : '');
  if (document.title !== title) document.title = title;
}

setInterval(render, 250);
setInterval(() => {
  share.load();
  details.note({
    core: program.latency_ms ?? null,
    page: delay() * 1000,
    target: program.target_ms,
    peers: program.peers,
    stats: program.stats,
    reserve: player.ahead * 1000,
    size: video.videoWidth ? `${video.videoWidth} × ${video.videoHeight}` : undefined,
  });
}, 1000);
video.addEventListener('resize', () => {
  byId('stage').style.setProperty('--shape', `${video.videoWidth || 16} / ${video.videoHeight || 9}`);
  byId('stage').classList.toggle('upright', video.videoHeight > video.videoWidth);
});
share.load();
render();

/** Readings for tests and for the curious; nothing can be changed by them. */
window.manyhands = Object.freeze({
  /** Milliseconds from the start of loading to the first picture. */
  get firstPicture() { return firstPicture; },
  get currentTime() { return video.currentTime; },
  get rate() { return video.playbackRate; },
  /** Seconds from the scene to the eye, and the part of it that the program aims at. */
  get latency() { return delay(); },
  get target() { return (program.target_ms ?? 0) / 1000; },
  get ahead() { return player.ahead; },
  get reserve() { return player.reserve; },
  get waits() { return player.waits; },
  /** Seconds that are kept to go back to. */
  get window() { return player.window; },
  get behind() { return player.behind; },
  get still() { return player.still; },
  get tracks() { return player.tracks; },
  get connected() { return connected; },
  /** How often the server moved this page forward. */
  get skips() { return skips; },
  get started() { return player.started; },
  get state() { return program.state; },
  get shown() { return overlay.kind; },
});
