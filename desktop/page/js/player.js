// Plays what arrives. Units are released by the program's playout clock, so the page adds only the
// reserve that keeps it smooth (`pace`). The picture glides while it can and jumps only when it must.

import { Reserve, pace } from './pace.js';
import { Track } from './track.js';

/** Kept for "10 seconds back" and "the last minutes", seconds. */
const KEEP = 120;
/** Kept at most while the picture stands (paused), seconds. */
const KEEP_PAUSED = 360;
/** Beginning again more often than this helps nobody. */
const AGAIN_MS = 400;
/** After media that the browser refuses it is tried again after so long, then given up. */
const TROUBLE_MS = [0, 1500, 4000];
/** Failures further apart than this are not the same trouble. */
const TROUBLE_FORGOTTEN_MS = 60_000;
/** A gap at least this near its end is skipped, seconds. */
const NEAR = 0.06;
/** One track without media for so long while others go on is left out (camera or microphone off). */
const DEAD_MS = 1500;
/** Enough to begin with, seconds. */
const START = 0.12;
/** Media that goes in without anything to play coming of it is damaged after so long. */
const STUCK_MS = 3000;
/** More than this over the reserve isn't glided away at the start. */
const SETTLE = 0.35;

const Source = window.MediaSource ?? window.ManagedMediaSource;

export class Player {
  #video;
  #on;
  #source = null;
  #tracks = new Map();
  #inits = new Map();
  #dead = new Map();
  #reserve = new Reserve();
  #started = false;
  #hadPicture = false;
  #troubled = false;
  #moved = { at: 0, time: -1 };
  #failures = [];
  #rebuilt = 0;
  #asking;
  /** What the person wants. */
  wantsPlay = true;
  /** Whether the picture is kept at live; false after "pause" or "back". */
  following = true;
  /** How often the browser ran out of media. */
  waits = 0;

  /** `on.again()` asks for the stream from its start, `on.picture()` tells of a shown picture,
   *  `on.cover()` before the picture would go black, `on.silenced()` of a browser that plays without sound only, `on.failed()` of media it can't play. */
  constructor(video, on) {
    this.#video = video;
    this.#on = on;
    video.addEventListener('error', () => this.#trouble());
    video.addEventListener('waiting', () => this.#waited());
    video.addEventListener('pause', () => this.#pausedByOthers());
    video.disableRemotePlayback = true;
    setInterval(() => this.tick(), 100);
    document.addEventListener('visibilitychange', () => this.tick());
  }

  static get supported() { return Boolean(Source); }

  /** Forgets all media; the last picture stays as long as the element shows it. */
  begin() {
    this.#tracks.clear();
    this.#inits.clear();
    this.#source = null;
    this.#started = false;
    this.#troubled = false;
    this.#reserve.forget();
    this.#rebuilt = performance.now();
  }

  /** Takes picture and sound away for good (an invitation that was taken back). */
  forget() {
    this.begin();
    this.#hadPicture = false;
    this.#video.removeAttribute('src');
    this.#video.load();
  }

  init({ track, mime, bytes }) {
    this.#inits.set(track, { mime, bytes });
    const known = this.#tracks.get(track);
    if (known) known.configure(mime, bytes);
    else if (this.#source && !this.#dead.has(track)) this.#again();
  }

  fragment({ track, ms, bytes }) {
    if (this.#troubled) return;
    if (this.#dead.has(track) && !this.#revive(track)) return;
    if (!this.#source && !this.#open()) return;
    const known = this.#tracks.get(track);
    if (!known) return;
    if (ms + 1000 < known.newest) {
      // The broadcaster started again: a new timeline can't be joined to the old one.
      this.#again();
      return;
    }
    this.#sample();
    known.newest = ms;
    known.heardAt = performance.now();
    known.append(bytes);
    this.#start();
  }

  /** Opens a source for the tracks declared so far. */
  #open() {
    const tracks = [...this.#inits].filter(([number, { mime }]) => !this.#dead.has(number) && Source.isTypeSupported(mime));
    if (!tracks.length) {
      this.#on.failed();
      return false;
    }
    const source = new Source();
    this.#source = source;
    for (const [number, { mime, bytes }] of tracks) {
      const track = new Track(() => this.#source === source && this.#trouble());
      track.heardAt = performance.now();
      track.configure(mime, bytes);
      this.#tracks.set(number, track);
    }
    source.addEventListener('sourceopen', () => {
      if (this.#source !== source) return;
      source.duration = Infinity;
      try {
        for (const [number, { mime }] of tracks) this.#tracks.get(number).attach(source, mime);
      } catch {
        this.#trouble();
      }
    }, { once: true });
    this.#on.cover();
    const url = URL.createObjectURL(source);
    this.#video.src = url;
    source.addEventListener('sourceopen', () => URL.revokeObjectURL(url), { once: true });
    return true;
  }

  /** Plays from as near to live as there is enough for. */
  #start() {
    if (this.#started || !this.#source) return;
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
    if ([...this.#tracks.values()].some((track) => track.isStuck(STUCK_MS))) this.#trouble();
    if (!this.#started) {
      this.#start();
      this.#dropDead();
      return;
    }
    const video = this.#video;
    if (this.wantsPlay && video.paused && !video.ended) this.#play();
    this.#noticeStall();
    this.#skipGap();
    if (this.following && this.wantsPlay && !video.seeking) this.#keepPace();
    else if (video.playbackRate !== 1) video.playbackRate = 1;
    this.#trim();
    this.#dropDead();
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
    for (const track of this.#tracks.values()) track.trim(from);
  }

  /** Leaves a track out that has fallen silent while another goes on: the browser would wait for it. */
  #dropDead() {
    const now = performance.now();
    const tracks = [...this.#tracks];
    const newest = Math.max(...tracks.map(([, track]) => track.heardAt));
    if (tracks.length < 2 || now - newest > 500) return;
    const dead = tracks.filter(([, track]) => newest - track.heardAt > DEAD_MS);
    if (!dead.length || now - this.#rebuilt < DEAD_MS) return;
    for (const [number] of dead) this.#dead.set(number, 0);
    this.#again();
  }

  /** A track that comes back is taken in again once it comes steadily. */
  #revive(track) {
    const count = this.#dead.get(track) + 1;
    this.#dead.set(track, count);
    if (count < 4 || performance.now() - this.#rebuilt < DEAD_MS) return false;
    this.#dead.delete(track);
    this.#again();
    return false;
  }

  #again() {
    clearTimeout(this.#asking);
    const wait = AGAIN_MS - (performance.now() - this.#rebuilt);
    if (wait > 0) this.#asking = setTimeout(() => this.#on.again(), wait);
    else this.#on.again();
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

  /** The browser couldn't take it: begin again, a few times. */
  #trouble() {
    if (!this.#source) return;
    const now = performance.now();
    this.#failures = this.#failures.filter((at) => now - at < TROUBLE_FORGOTTEN_MS);
    const wait = TROUBLE_MS[this.#failures.length];
    this.#failures.push(now);
    this.#on.cover();
    this.begin();
    this.#troubled = true;
    if (wait === undefined) this.#on.failed();
    else this.#asking = setTimeout(() => this.#on.again(), wait);
  }

  /** A person wants it tried anew. */
  forgiveTrouble() {
    this.#failures = [];
  }

  #ranges() {
    const { buffered } = this.#video;
    return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
  }

  // What the person does.

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
  /** Whether the browser has just refused the media and it is tried again. */
  get troubled() { return this.#troubled; }
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
  /** How many tracks are played. */
  get tracks() { return this.#tracks.size; }
  /** Whether pictures come (else it is sound alone). */
  get hasPicture() { return [...this.#tracks.values()].some((track) => track.mime.startsWith('video/')); }
}

const seconds = () => performance.now() / 1000;
