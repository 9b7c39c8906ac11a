// The controls over the picture: they come with a touch, a key or the focus, and leave by themselves.

import { byId, setAttribute, setHidden, setIcon, setLabel, setText } from './dom.js';
import { people, say, watching } from './words.js';

const HIDE_MS = 4000;
/** Red up to this much more than the chosen delay, then "12 s behind". */
const LIVE_SLACK = 5;
/** A timeline of less than this is not worth moving on. */
const LEAST_TIMELINE = 30;

export class Controls {
  #player;
  #video = byId('video');
  #stage = byId('stage');
  #hideTimer;
  #dragging = false;
  #spokenViewers = { at: -Infinity };

  constructor(player) {
    this.#player = player;
    this.#bind();
    this.wake();
  }

  #bind() {
    const on = (id, event, act) => byId(id).addEventListener(event, act);
    on('play', 'click', () => this.togglePlay());
    on('back', 'click', () => this.seekBy(-10));
    on('live', 'click', () => this.#player.goLive());
    on('mute', 'click', () => this.toggleMute());
    on('sound-on', 'click', () => this.toggleMute(false));
    on('volume', 'input', (event) => this.setVolume(event.target.value / 100));
    on('pip', 'click', () => this.togglePip());
    on('full', 'click', () => this.toggleFull());
    on('timeline', 'input', () => { this.#dragging = true; });
    on('timeline', 'change', (event) => {
      this.#dragging = false;
      this.#player.seekTo(-Number(event.target.value));
    });
    this.#bindWaking();
    setHidden(byId('pip'), !document.pictureInPictureEnabled);
    setHidden(byId('full'), !canFull(this.#stage, this.#video));
  }

  #bindWaking() {
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) {
      this.#stage.addEventListener(name, () => this.wake(), { passive: true });
    }
    this.#stage.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.#sleep());
    this.#video.addEventListener('click', () => this.togglePlayByPointer());
    this.#video.addEventListener('dblclick', () => this.toggleFull());
  }

  /** With a mouse a click plays or pauses; a finger only brings the controls. */
  togglePlayByPointer() {
    if (matchMedia('(hover: hover)').matches) this.togglePlay();
  }

  wake() {
    this.#stage.classList.remove('idle');
    clearTimeout(this.#hideTimer);
    this.#hideTimer = setTimeout(() => this.#sleep(), HIDE_MS);
  }

  #sleep() {
    if (this.#stage.querySelector(':focus-visible') || !this.#player.wantsPlay) return;
    this.#stage.classList.add('idle');
  }

  togglePlay() {
    if (this.#player.wantsPlay) this.#player.pause();
    else this.#player.play();
    this.wake();
  }

  seekBy(by) {
    this.#player.seekBy(by);
    this.wake();
  }

  toggleMute(muted = !this.#video.muted) {
    this.#video.muted = muted;
    if (!muted && this.#video.volume === 0) this.#video.volume = 0.5;
    byId('sound-on').hidden = true;
  }

  setVolume(volume) {
    this.#video.volume = Math.min(1, Math.max(0, volume));
    this.toggleMute(volume <= 0);
  }

  get volume() { return this.#video.muted ? 0 : this.#video.volume; }

  togglePip() {
    const done = document.pictureInPictureElement
      ? document.exitPictureInPicture()
      : this.#video.requestPictureInPicture?.();
    done?.catch(() => {}); // The browser may refuse; nothing has changed then.
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (this.#stage.requestFullscreen) this.#stage.requestFullscreen().catch(() => {});
    else this.#video.webkitEnterFullscreen?.();
  }

  /** The browser plays without sound only: say so, with one button to change it. */
  silenced() {
    byId('sound-on').hidden = false;
  }

  /** Draws all from what is so now; `delay` = seconds behind the scene, or `null` when unknown. */
  render({ playable, delay, targetSeconds, viewers }) {
    const player = this.#player;
    setHidden(byId('controls'), !playable);
    setIcon(byId('play'), player.wantsPlay ? 'pause' : 'play');
    setLabel(byId('play'), say(player.wantsPlay ? 'pause' : 'play'));
    const silent = this.volume === 0;
    setIcon(byId('mute'), silent ? 'muted' : 'speaker');
    setLabel(byId('mute'), say(silent ? 'sound_is_off' : 'sound_is_on'));
    byId('volume').value = Math.round(this.volume * 100);
    byId('volume').style.setProperty('--filled', `${this.volume * 100}%`);
    const full = Boolean(document.fullscreenElement);
    setIcon(byId('full'), full ? 'leave_full' : 'full');
    setLabel(byId('full'), say(full ? 'leave_full' : 'full'));
    this.#renderLive(playable, delay, targetSeconds);
    this.#renderTimeline();
    this.#renderViewers(viewers);
  }

  #renderLive(playable, delay, targetSeconds) {
    const badge = byId('live');
    setHidden(badge, !playable);
    const seconds = Math.round(delay);
    const live = this.#player.wantsPlay && delay <= targetSeconds + LIVE_SLACK;
    setAttribute(badge, 'data-live', String(live));
    if (live) {
      const words = delay < 1 ? say('under_second') : say('seconds', { n: seconds });
      setText(badge, '');
      badge.append(Object.assign(document.createElement('b'), { textContent: say('live') }), ` ${words}`);
      setLabel(badge, say('live_spoken', { n: Math.max(1, seconds) }));
    } else {
      setText(badge, say('behind', { n: seconds }));
      setLabel(badge, say('behind_spoken', { n: seconds }));
    }
  }

  #renderTimeline() {
    const line = byId('timeline');
    if (this.#dragging) return;
    const behind = Math.round(this.#player.behind);
    const length = Math.max(LEAST_TIMELINE, Math.round(this.#player.window));
    setAttribute(line, 'min', String(-length));
    const value = this.#player.following ? 0 : -behind;
    line.value = value;
    line.style.setProperty('--filled', `${(1 + value / length) * 100}%`);
    const words = value === 0 ? say('position_live') : say('position', { n: behind });
    setAttribute(line, 'aria-label', words);
    setAttribute(line, 'aria-valuetext', words);
  }

  /** The number is spoken at most once a minute. */
  #renderViewers(viewers) {
    setHidden(byId('viewers'), !(viewers > 0));
    if (!(viewers > 0)) return;
    setText(byId('viewers-count'), people(viewers));
    if (performance.now() - this.#spokenViewers.at < 60_000) return;
    this.#spokenViewers = { at: performance.now() };
    setText(byId('viewers-spoken'), watching(viewers));
  }
}

function canFull(stage, video) {
  return Boolean(stage.requestFullscreen || video.webkitEnterFullscreen);
}
