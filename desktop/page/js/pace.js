// How fast to play so that the picture stays as far behind the newest unit as is smooth, and no more.
// Pure: what it is told, it decides on. Limits from the design's playout clock: within 300 ms
// 0.97 to 1.03, within 1.5 s 0.96 or 1.10, beyond that a jump.

const FINE = 0.3;
const GLIDE = 1.5;
/** Within this nothing is changed: it can't be heard or seen, and a steady rate is cheapest. */
const CALM = 0.04;

/** What to do about being `error` seconds too late (negative: too early). */
export function pace(error) {
  if (error > GLIDE) return { jump: true, rate: 1 };
  if (error > FINE) return { jump: false, rate: 1.1 };
  if (error < -FINE) return { jump: false, rate: 0.96 };
  if (Math.abs(error) < CALM) return { jump: false, rate: 1 };
  return { jump: false, rate: 1 + Math.sign(error) * Math.min(Math.abs(error) * 0.2, 0.03) };
}

/** Seconds of lows that are looked at: a little more than the beat of arrivals. */
const WINDOW = 1.2;
const LEAST = 0.1;
const MOST = 1.2;
/** Less than a frame or two left is as good as nothing. */
const EMPTY = 0.03;
/** Nothing for this long is not jitter: more reserve wouldn't have helped. */
const PAUSE = 1.5;
/** Seconds of calm after which less is tried. */
const CALM_TIME = 8;

/** The reserve to keep: grows at once when it ran out, shrinks slowly while the lows stay above it. */
export class Reserve {
  #lows = [];
  #calmSince = 0;
  #last = 0;
  /** Seconds wanted at the lowest point between two arrivals. */
  wanted = 0.2;

  /** Tells how much is left `now` (seconds, both); best told right before something is added. */
  sample(now, left) {
    const pausedBefore = now - this.#last > PAUSE;
    this.#last = now;
    if (pausedBefore) {
      this.forget();
      return;
    }
    this.#lows.push([now, left]);
    while (this.#lows[0][0] < now - WINDOW) this.#lows.shift();
    if (left < EMPTY) this.#grow(now);
    else if (now - this.#calmSince > CALM_TIME && this.low() > this.wanted * 0.7) {
      this.#calmSince = now;
      this.wanted = Math.max(LEAST, this.wanted * 0.9);
    }
  }

  #grow(now) {
    if (now - this.#calmSince < 1) return;
    this.#calmSince = now;
    this.wanted = Math.min(MOST, this.wanted * 1.5);
  }

  /** The lowest of the window; `null` before there is one. */
  low() {
    return this.#lows.length ? Math.min(...this.#lows.map(([, left]) => left)) : null;
  }

  /** After a jump the past says nothing. */
  forget() { this.#lows = []; }
}
