// One track on its way into the browser: everything for its SourceBuffer waits in line here, since
// that takes one thing at a time.

/** What waits must not grow without end when the browser takes nothing. */
const MOST_WAITING = 24 << 20;

export class Track {
  #buffer = null;
  #line = [];
  #waiting = 0;
  #mime = null;
  #failed;
  /** Media time of the newest fragment, ms, and when it came. */
  newest = -Infinity;
  heardAt = 0;
  /** When what can be played last grew; null until something was put in. */
  #grew = { at: null, end: -Infinity };

  /** `failed()` is called when the browser refuses what it is given. */
  constructor(failed) {
    this.#failed = failed;
  }

  get mime() { return this.#mime; }

  get open() { return this.#buffer !== null; }

  /** Makes the SourceBuffer; `source` must be open. */
  attach(source, mime) {
    this.#mime = mime;
    this.#buffer = source.addSourceBuffer(mime);
    this.#buffer.addEventListener('updateend', () => this.#next());
    this.#buffer.addEventListener('error', () => this.#failed());
    this.#next();
  }

  configure(mime, bytes) {
    this.#mime ??= mime;
    this.#put({ mime, bytes });
  }

  append(bytes) {
    this.#put({ bytes });
  }

  /** Lets go of what was played long ago. */
  trim(before) {
    const ranges = this.ranges();
    if (!ranges.length || ranges[0][0] >= before - 1) return;
    this.#line.push({ remove: before });
    this.#next();
  }

  /** `[start, end]` of what can be played, in seconds. */
  ranges() {
    try {
      const { buffered } = this.#buffer;
      return Array.from({ length: buffered.length }, (_, i) => [buffered.start(i), buffered.end(i)]);
    } catch {
      return []; // Not attached, or taken out of its source.
    }
  }

  /** Whether media goes in for `ms` and nothing comes out: the browser waits for the rest of something
   *  that has none. */
  isStuck(ms) {
    const now = performance.now();
    const { end } = this;
    if (end !== this.#grew.end || this.#grew.at === null || now - this.heardAt > 500) this.#grew = { at: now, end };
    return now - this.#grew.at > ms;
  }

  get end() { return this.ranges().at(-1)?.[1] ?? -Infinity; }

  #put(item) {
    this.#waiting += item.bytes.length;
    if (this.#waiting > MOST_WAITING) {
      this.#failed();
      return;
    }
    this.#line.push(item);
    this.#next();
  }

  #next() {
    if (!this.#buffer || this.#buffer.updating || !this.#line.length) return;
    const item = this.#line.shift();
    try {
      this.#do(item);
    } catch (error) {
      this.#line.unshift(item);
      if (error.name === 'QuotaExceededError') this.#makeRoom();
      else if (error.name !== 'InvalidStateError') this.#failed();
    }
  }

  #do(item) {
    if (item.remove !== undefined) {
      this.#buffer.remove(0, Math.max(item.remove, 0.001));
      return;
    }
    if (item.mime && item.mime !== this.#mime) {
      this.#buffer.changeType(item.mime);
      this.#mime = item.mime;
    }
    this.#buffer.appendBuffer(item.mime ? item.bytes : this.#joined(item));
    this.#waiting -= item.bytes.length;
    item.bytes = new Uint8Array(0);
  }

  /** Fragments that wait together go in together: fewer turns, less work. */
  #joined(first) {
    const together = [first.bytes];
    while (this.#line.length && this.#line[0].bytes && !this.#line[0].mime) {
      together.push(this.#line.shift().bytes);
    }
    if (together.length === 1) return first.bytes;
    const all = new Uint8Array(together.reduce((sum, part) => sum + part.length, 0));
    together.reduce((at, part) => (all.set(part, at), at + part.length), 0);
    first.bytes = all;
    return all;
  }

  /** The browser is full: the older half goes, whatever was planned. */
  #makeRoom() {
    const [range] = this.ranges();
    if (!range || range[1] - range[0] < 2) {
      this.#failed();
      return;
    }
    this.#line.unshift({ remove: (range[0] + range[1]) / 2 });
    queueMicrotask(() => this.#next());
  }
}
