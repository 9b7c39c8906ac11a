// How fast to play so that the picture stays as far behind the newest unit as is smooth, and no more.
// Pure: what it is told, it decides on. Limits from the design's playout clock: within 300 ms
// 0.97 to 1.03, within 1.5 s 0.96 or 1.10, beyond that a jump.

const FINE = 0.3;
const GLIDE = 1.5;
/** Within this nothing is changed: it can't be heard or seen, and a steady rate is cheapest. */
const STEADY = 0.04;

/** What to do about being `error` seconds too late (negative: too early). */
export function pace(error) {
  if (error > GLIDE) return { jump: true, rate: 1 };
  if (error > FINE) return { jump: false, rate: 1.1 };
  if (error < -FINE) return { jump: false, rate: 0.96 };
  if (Math.abs(error) < STEADY) return { jump: false, rate: 1 };
  return { jump: false, rate: 1 + Math.sign(error) * Math.min(Math.abs(error) * 0.2, 0.03) };
}

/** Seconds of lows that are looked at: a little more than the beat of arrivals. */
const WINDOW = 1.2;
const FIRST = 0.2;
/** Measured in Chromium 156: its sound stops, for up to 1.5 s, when it has less than some 0.15 s. */
const LEAST = 0.16;
const MOST = 1.2;
/** Less than a frame or two left is as good as nothing. */
const EMPTY = 0.03;
/** Nothing for this long is not jitter: more reserve wouldn't have helped. */
const PAUSE = 1.5;
/** Seconds of calm after which less is tried; each time that was too little, twice as long. */
const CALM = { first: 3, most: 60 };

/** The reserve to keep: grows at once when it ran out, shrinks slowly while the lows stay near it. */
export class Reserve {
  #lows = [];
  #since = 0;
  #calm = CALM.first;
  #last = 0;
  #starved = false;
  /** Seconds wanted at the lowest point between two arrivals. */
  wanted = FIRST;

  /** Tells how much is left `now` (seconds, both), right before something is added. */
  sample(now, left) {
    const paused = now - this.#last > PAUSE;
    const ranOut = left < EMPTY || this.#starved;
    this.#last = now;
    this.#starved = false;
    if (paused) {
      this.forget();
      return;
    }
    this.#lows.push([now, left]);
    while (this.#lows[0][0] < now - WINDOW) this.#lows.shift();
    if (ranOut) this.#grow(now);
    else if (now - this.#since > this.#calm && this.low() > this.wanted * 0.6) this.#shrink(now);
  }

  /** The browser stood still for want of media; whether more reserve would have helped shows when
   *  the next comes. */
  starved() {
    this.#starved = true;
  }

  #grow(now) {
    if (now - this.#since < 1) return;
    this.#since = now;
    this.#calm = Math.min(CALM.most, this.#calm * 2);
    this.wanted = Math.min(MOST, this.wanted * 1.5);
  }

  #shrink(now) {
    this.#since = now;
    this.wanted = Math.max(LEAST, this.wanted * 0.85);
  }

  /** The lowest of the window; `null` before there is one. */
  low() {
    return this.#lows.length ? Math.min(...this.#lows.map(([, left]) => left)) : null;
  }

  /** After a jump the past says nothing. */
  forget() { this.#lows = []; }
}
