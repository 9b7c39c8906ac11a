// Plays what arrives. Units are released by the program's playout clock, so the page adds only the
// reserve that keeps it smooth (`pace`). The picture glides while it can and jumps only when it must.

import { Reserve, pace } from './pace.js';
import { Supply } from './supply.js';

/** Kept for "10 seconds back" and "the last minutes", seconds. */
const KEEP = 120;
/** Kept at most while the picture stands (paused), seconds. */
const KEEP_PAUSED = 360;
/** A gap at least this near its end is skipped, seconds. */
const NEAR = 0.06;
/** Enough to begin with, seconds. */
const START = 0.12;
/** More than this over the reserve isn't glided away at the start. */
const SETTLE = 0.35;

export class Player {
  #video;
  #on;
  #supply;
  #reserve = new Reserve();
  #started = false;
  #hadPicture = false;
  #moved = { at: 0, time: -1 };
  /** What the person wants. */
  wantsPlay = true;
  /** Whether the picture is kept at live; false after "pause" or "back". */
  following = true;
  /** How often the browser ran out of media. */
  waits = 0;

  /** `on` as for `Supply`, and `on.picture()` tells of a shown picture, `on.silenced()` of a browser
   *  that plays without sound only. */
  constructor(video, on) {
    this.#video = video;
    this.#on = on;
    this.#supply = new Supply(video, { ...on, arriving: () => this.#sample() });
    video.addEventListener('waiting', () => this.#waited());
    video.addEventListener('pause', () => this.#pausedByOthers());
    setInterval(() => this.tick(), 100);
    document.addEventListener('visibilitychange', () => this.tick());
  }

  static get supported() { return Supply.supported; }

  /** Forgets all media; the last picture stays as long as the element shows it. */
  begin() {
    this.#supply.begin();
    this.#started = false;
    this.#reserve.forget();
  }

  /** Takes picture and sound away for good (an invitation that was taken back). */
  forget() {
    this.begin();
    this.#hadPicture = false;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  /** The frames of the stream. */
  init(frame) {
    this.#supply.init(frame);
  }

  fragment(frame) {
    this.#supply.fragment(frame);
    this.#start();
  }

  /** Plays from as near to live as there is enough for. */
  #start() {
    if (this.#started || !this.#supply.open) return;
    const range = this.#ranges().at(-1);
    if (!range || range[1] - range[0] < START) return;
    this.#started = true;
    this.#hadPicture = true;
    this.following = true;
    this.#video.currentTime = Math.max(range[0] + 0.001, range[1] - this.#reserve.wanted - 0.1);
    const shown = () => this.#firstPicture();
    if (this.#video.requestVideoFrameCallback) this.#video.requestVideoFrameCallback(shown);
    else this.#video.addEventListener('timeupdate', shown, { once: true });
    this.#moved = { at: performance.now(), time: -1 };
    if (this.wantsPlay) this.#play();
  }

  /** What came in while the browser made ready is too much reserve: let go of it at once, while
   *  nobody can see the difference. */
  #firstPicture() {
    this.#on.picture();
    if (this.following && this.wantsPlay && this.ahead > this.#reserve.wanted + SETTLE) this.#toEdge();
  }

  async #play() {
    try {
      await this.#video.play();
    } catch (error) {
      if (error.name !== 'NotAllowedError' || this.#video.muted) return;
      this.#video.muted = true;
      this.#on.silenced();
      this.#video.play().catch(() => {});
    }
  }

  /** Ten times a second, once a second in a hidden tab: keeps it moving and near to live. */
  tick() {
    this.#supply.check();
    if (!this.#started) {
      this.#start();
      return;
    }
    const video = this.#video;
    if (this.wantsPlay && video.paused && !video.ended) this.#play();
    this.#noticeStall();
    this.#skipGap();
    if (this.following && this.wantsPlay && !video.seeking) this.#keepPace();
    else if (video.playbackRate !== 1) video.playbackRate = 1;
    this.#trim();
  }

  #keepPace() {
    const low = this.#reserve.low();
    if (low === null) return;
    const { jump, rate } = pace(low - this.#reserve.wanted);
    if (jump) this.#toEdge();
    else if (Math.abs(this.#video.playbackRate - rate) > 0.004) this.#video.playbackRate = rate;
  }

  #toEdge() {
    const range = this.#ranges().at(-1);
    if (!range) return;
    this.#reserve.forget();
    this.#video.playbackRate = 1;
    this.#video.currentTime = Math.max(range[0] + 0.001, range[1] - this.#reserve.wanted - 0.1);
  }

  #noticeStall() {
    const now = performance.now();
    const time = this.#video.currentTime;
    if (time !== this.#moved.time || !this.wantsPlay) this.#moved = { at: now, time };
  }

  /** At the end of a stretch goes on with the next one, if there is enough of it. */
  #skipGap() {
    if (this.#video.seeking) return;
    const time = this.#video.currentTime;
    const ranges = this.#ranges();
    const here = ranges.find(([start, end]) => time >= start - NEAR && time < end - NEAR);
    if (here) return;
    const next = ranges.find(([start, end]) => start > time && end - start > START);
    if (next) this.#video.currentTime = next[0] + 0.001;
    else if (ranges.length && time < ranges[0][0]) this.#video.currentTime = ranges[0][0] + 0.001;
  }

  /** Notes the reserve right before something is added: that is when it is lowest. */
  #sample() {
    if (!this.#started || this.#video.seeking || this.#video.paused) return;
    this.#reserve.sample(seconds(), Math.max(0, this.edge - this.#video.currentTime));
  }

  #trim() {
    const from = Math.max(this.#video.currentTime - KEEP, this.edge - KEEP_PAUSED);
    // In steps, so that it isn't done for each unit.
    if (this.oldest >= from - 10) return;
    this.#supply.trim(from);
  }

  #waited() {
    if (!this.#started || this.#video.seeking) return;
    this.waits += 1;
    this.#reserve.starved();
  }

  /** A media key or the small picture's own button; a browser that saves power in a hidden tab isn't
   *  a person's wish. */
  #pausedByOthers() {
    if (!this.#started || !this.wantsPlay || this.#video.ended) return;
    if (document.hidden && !document.pictureInPictureElement) return;
    this.wantsPlay = false;
    this.following = false;
  }

  #ranges() {
    const { buffered } = this.#video;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  // What the person does.

  /** Tries media anew that the browser had refused. */
  forgiveTrouble() {
    this.#supply.forgiveTrouble();
  }

  pause() {
    this.wantsPlay = false;
    this.following = false;
    this.#video.pause();
  }

  /** Goes on where it stood; if that has been let go, at live. */
  play() {
    this.wantsPlay = true;
    if (this.#video.currentTime < this.oldest || this.behind < 1) this.goLive();
    else this.#play();
  }

  goLive() {
    this.wantsPlay = true;
    this.following = true;
    this.#toEdge();
    if (this.#started) this.#play();
  }

  /** Moves by seconds inside what is kept; the end of it is live. */
  seekBy(by) {
    this.seekTo(this.behind - by);
  }

  /** Goes to `behind` seconds behind live. */
  seekTo(behind) {
    if (!this.#started) return;
    if (behind < 1) {
      this.goLive();
      return;
    }
    this.following = false;
    const time = this.edge - this.#reserve.wanted - 0.1 - behind;
    this.#video.currentTime = Math.max(time, this.oldest + 0.1);
  }

  // Readings, in seconds.

  get started() { return this.#started; }
  /** Whether there was a picture (or sound) since the page was opened. */
  get hadPicture() { return this.#hadPicture; }
  get troubled() { return this.#supply.troubled; }
  /** The newest that can be played. */
  get edge() { return this.#ranges().at(-1)?.[1] ?? 0; }
  /** The oldest that can be played. */
  get oldest() { return this.#ranges()[0]?.[0] ?? 0; }
  get window() { return Math.max(0, this.edge - this.oldest); }
  /** Buffered ahead of the picture: what the page adds to the delay. */
  get ahead() { return this.#started ? Math.max(0, this.edge - this.#video.currentTime) : 0; }
  /** Behind where it would be at live. */
  get behind() { return Math.max(0, this.ahead - this.#reserve.wanted - 0.1); }
  get reserve() { return this.#reserve.wanted; }
  /** How long the picture has stood still though it should move. */
  get still() { return this.#hadPicture && this.wantsPlay ? (performance.now() - this.#moved.at) / 1000 : 0; }
  get tracks() { return this.#supply.tracks; }
  get hasPicture() { return this.#supply.hasPicture; }
}

const seconds = () => performance.now() / 1000;
