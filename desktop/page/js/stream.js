// Reads the program's endless response: frames of kind u8, track u8, length u32, payload
// (`desktop/src/page/wire.rs`). Asks again by itself when it ends or hangs.

const HEAD = 6;
/** A frame longer than the server keeps at all is not ours. */
const LONGEST = 32 << 20;
/** The server says something at least each 2 s. */
const PATIENCE_MS = 7000;
const RETRY_MS = [250, 500, 1000, 2000];

export class Stream {
  #url;
  #heard;
  #aborter;
  #tries = 0;
  #timer;

  /** `heard` has a method for each kind of frame: hello, init, fragment, state, skipped, alive, bye;
   *  and `lost`, called with `true` when the program leaves in good order. */
  constructor(url, heard) {
    this.#url = url;
    this.#heard = heard;
  }

  /** Asks from the start: configurations and the group of pictures that is playing come again. */
  restart() {
    this.#aborter?.abort();
    clearTimeout(this.#timer);
    this.#run();
  }

  async #run() {
    const aborter = new AbortController();
    this.#aborter = aborter;
    const watch = new Watchdog(PATIENCE_MS, () => aborter.abort());
    let bye = false;
    try {
      const response = await fetch(this.#url, { signal: aborter.signal, cache: 'no-store' });
      if (!response.ok) throw new Error(`answer ${response.status}`);
      const frames = new Frames();
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (aborter.signal.aborted || done) break;
        watch.feed();
        for (const frame of frames.push(value)) {
          this.#tries = 0;
          bye ||= frame.kind === 'bye';
          this.#heard[frame.kind]?.(frame);
          if (aborter.signal.aborted) return;
        }
      }
    } catch {
      // Said by `lost` below; the program may be gone or suspended.
    } finally {
      watch.stop();
    }
    if (this.#aborter !== aborter) return;
    this.#heard.lost(bye);
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    this.#timer = setTimeout(() => this.#run(), wait);
  }
}

/** Cuts bytes into frames. */
export class Frames {
  #parts = [];
  #length = 0;

  push(bytes) {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    const frames = [];
    for (let frame = this.#next(); frame; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next() {
    if (this.#length < HEAD) return null;
    const head = this.#peek(HEAD);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(2);
    if (length > LONGEST) throw new Error('frame too long');
    if (this.#length < HEAD + length) return null;
    const whole = this.#peek(HEAD + length);
    this.#drop(HEAD + length);
    return parse(whole[0], whole[1], whole.subarray(HEAD));
  }

  /** The first `count` bytes in one piece; joins parts only when a frame spans them. */
  #peek(count) {
    if (this.#parts[0].length < count) {
      const joined = new Uint8Array(this.#length);
      let at = 0;
      for (const part of this.#parts) {
        joined.set(part, at);
        at += part.length;
      }
      this.#parts = [joined];
    }
    return this.#parts[0].subarray(0, count);
  }

  #drop(count) {
    this.#parts[0] = this.#parts[0].subarray(count);
    if (!this.#parts[0].length) this.#parts.shift();
    this.#length -= count;
  }
}

function parse(kind, track, payload) {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
  const json = () => JSON.parse(new TextDecoder().decode(payload));
  switch (kind) {
    case 0: return { kind: 'hello', ...json() };
    case 1: {
      const end = 2 + view.getUint16(0);
      const mime = new TextDecoder().decode(payload.subarray(2, end));
      return { kind: 'init', track, mime, bytes: payload.slice(end) };
    }
    case 2: {
      const keyframe = (payload[0] & 1) === 1;
      return { kind: 'fragment', track, keyframe, ms: Number(view.getBigUint64(1)), bytes: payload.slice(9) };
    }
    case 3: return { kind: 'state', state: json() };
    case 4: return { kind: 'skipped' };
    case 6: return { kind: 'bye' };
    // A newer program may say more; what isn't known is passed over.
    default: return { kind: 'alive' };
  }
}

/** Calls `bark` when it wasn't fed for so long; counts only time in which the page ran. */
class Watchdog {
  #timer;
  #last = performance.now();

  constructor(patience, bark) {
    this.#timer = setInterval(() => {
      if (performance.now() - this.#last > patience) bark();
    }, patience / 4);
  }

  feed() { this.#last = performance.now(); }

  stop() { clearInterval(this.#timer); }
}
