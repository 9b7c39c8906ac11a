// What arrives, on its way into the browser: one source for all tracks, made anew when the browser
// can't go on with it. A track that falls silent is left out, since the browser would wait for it.

import { Track } from './track.js';

/** Beginning again more often than this helps nobody. */
const AGAIN_MS = 400;
/** After media that the browser refuses it is tried again after so long, then given up. */
const TROUBLE_MS = [0, 1500, 4000];
/** Failures further apart than this are not the same trouble. */
const TROUBLE_FORGOTTEN_MS = 60_000;
/** One track without media for so long while others go on is left out (camera or microphone off). */
const DEAD_MS = 1500;
/** A track that comes back is taken in again after so many fragments. */
const ALIVE = 4;
/** Media that goes in without anything to play coming of it is damaged after so long. */
const STUCK_MS = 3000;
/** Going back by more than this is a new timeline (a broadcaster that started again). */
const BACK_MS = 1000;

const Source = window.MediaSource ?? window.ManagedMediaSource;

export class Supply {
  #video;
  #on;
  #source = null;
  #tracks = new Map();
  #inits = new Map();
  #dead = new Map();
  #troubled = false;
  #failures = [];
  #begun = 0;
  #asking;

  /** `on.again()` asks for the stream from its start, `on.cover()` comes before the picture would go
   *  black, `on.failed()` tells of media that the browser can't play, `on.arriving()` of something that
   *  is about to go in. */
  constructor(video, on) {
    this.#video = video;
    this.#on = on;
    video.addEventListener('error', () => this.#trouble());
    // Sending the picture to another screen needs a plain address, which this has not.
    video.disableRemotePlayback = true;
  }

  static get supported() { return Boolean(Source); }

  /** Whether there is something that media goes into. */
  get open() { return this.#source !== null; }
  /** Whether the browser has just refused the media and it is tried again. */
  get troubled() { return this.#troubled; }
  /** How many tracks are played. */
  get tracks() { return this.#tracks.size; }
  /** Whether pictures come (else it is sound alone). */
  get hasPicture() { return [...this.#tracks.values()].some((track) => track.mime.startsWith('video/')); }

  /** Forgets all media; the last picture stays as long as the element shows it. */
  begin() {
    this.#tracks.clear();
    this.#inits.clear();
    this.#source = null;
    this.#troubled = false;
    this.#begun = performance.now();
  }

  init({ track, mime, bytes }) {
    this.#inits.set(track, { mime, bytes });
    const known = this.#tracks.get(track);
    if (known) known.configure(mime, bytes);
    else if (this.#source && this.#wants(track)) this.#again();
  }

  fragment({ track, ms, bytes }) {
    if (this.#troubled || (this.#dead.has(track) && !this.#revives(track))) return;
    if (!this.#source && !this.#open()) return;
    const known = this.#tracks.get(track);
    if (!known) return;
    if (ms + BACK_MS < known.newest) {
      // A new timeline can't be joined to the old one.
      this.#again();
      return;
    }
    this.#on.arriving();
    known.newest = ms;
    known.heardAt = performance.now();
    known.append(bytes);
  }

  /** Ten times a second: is each track still coming, and does something come of it? */
  check() {
    if ([...this.#tracks.values()].some((track) => track.isStuck(STUCK_MS))) this.#trouble();
    this.#dropDead();
  }

  /** Lets go of what lies before `from`, seconds. */
  trim(from) {
    for (const track of this.#tracks.values()) track.trim(from);
  }

  #wants(number) {
    return !this.#dead.has(number) && Source.isTypeSupported(this.#inits.get(number).mime);
  }

  /** Opens a source for the tracks declared so far. */
  #open() {
    const tracks = [...this.#inits].filter(([number]) => this.#wants(number));
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

  /** Leaves out what has fallen silent while another track goes on. */
  #dropDead() {
    const now = performance.now();
    const tracks = [...this.#tracks];
    const newest = Math.max(...tracks.map(([, track]) => track.heardAt));
    if (tracks.length < 2 || now - newest > 500) return;
    const dead = tracks.filter(([, track]) => newest - track.heardAt > DEAD_MS);
    if (!dead.length || now - this.#begun < DEAD_MS) return;
    for (const [number] of dead) this.#dead.set(number, 0);
    this.#again();
  }

  /** Counts what comes of a track that was left out; never lets it in before the new beginning. */
  #revives(track) {
    const count = this.#dead.get(track) + 1;
    this.#dead.set(track, count);
    if (count < ALIVE || performance.now() - this.#begun < DEAD_MS) return false;
    this.#dead.delete(track);
    this.#again();
    return false;
  }

  #again() {
    clearTimeout(this.#asking);
    const wait = AGAIN_MS - (performance.now() - this.#begun);
    if (wait > 0) this.#asking = setTimeout(() => this.#on.again(), wait);
    else this.#on.again();
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
}
