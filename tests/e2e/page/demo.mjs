// The program itself in a real browser: `node tests/e2e/page/demo.mjs`. `MANYHANDS_PROGRAM` names the
// program; it needs Chromium.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { browse, open, pass, playing, reading, watched } from './harness.mjs';
import { runAll, test } from './tests.mjs';

const PROGRAM = process.env.MANYHANDS_PROGRAM;
assert.ok(PROGRAM, 'MANYHANDS_PROGRAM names no program');

/** How long the demo is watched. */
const SECONDS = 60;
/** Nothing else runs on the machine (ci/soak): times are held to what is promised. Elsewhere they are said, and
 *  held to what no machine that works exceeds. */
const AT_REST = process.env.MANYHANDS_AT_REST === '1';
const within = (promised, elsewhere) => (AT_REST ? promised : elsewhere);
/** Nothing is looked for and nothing announced beyond this machine. */
const HERE = ['--listen', '127.0.0.1:0', '--no-dht', '--no-local', '--no-port-mapping'];

/** One running program: `first(kind)`, its first event of a kind, `all(kind)`, `child`, `stop()`. */
function start(options, link = '') {
  const child = spawn(PROGRAM, [...options, '--json'], { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, MANYHANDS_LINK: link } });
  const events = [];
  const waiting = [];
  const gone = new Promise((resolve) => child.once('exit', resolve));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line);
    events.push(event);
    for (const each of waiting.filter(({ kind }) => kind === event.event)) each.resolve(event);
  });
  const all = (kind) => events.filter(({ event }) => event === kind);
  return {
    child,
    all,
    first: (kind) => all(kind)[0] ?? Promise.race([
      new Promise((resolve) => waiting.push({ kind, resolve })),
      gone.then((code) => { throw new Error(`the program ended with ${code} before '${kind}'`); }),
    ]),
    stop: async () => {
      child.kill('SIGCONT');
      child.kill('SIGINT');
      return gone;
    },
  };
}

/** A broadcaster of the test pattern, a viewer that passes it on, and one with the page; `use` gets the
 *  page and the broadcaster. */
async function withWatch(use) {
  const running = [];
  const run = (...order) => running[running.push(start(...order)) - 1];
  const chrome = await browse({ sound: true });
  try {
    const broadcaster = run(['broadcast', '--test-pattern', ...HERE]);
    const { link } = await broadcaster.first('live');
    await run(['watch', ...HERE], link).first('first_frame');
    const serving = run(['watch', ...HERE], link);
    const page = await open(await chrome.context(), (await serving.first('page')).url);
    await playing(page);
    await use(page, broadcaster);
    assert.deepEqual(page.complaints, []);
  } finally {
    await chrome.close();
    await Promise.all(running.map((each) => each.stop()));
  }
}

/** Near to live again, as a person sees it. */
const atLive = (page, timeout) => page.waitForFunction(
  () => manyhands.still < 0.3 && manyhands.shown === null && document.querySelector('#live').dataset.live === 'true',
  null, { timeout });

test('the demo shows its picture, and for a minute keeps step and near to live', async () => {
  const demo = start(['demo']);
  const chrome = await browse({ sound: true });
  try {
    const { page: url } = await demo.first('live');
    await demo.first('first_frame');
    const page = await open(await chrome.context(), url);
    await playing(page);
    const first = await reading(page, 'firstPicture');
    // Until what the browser wanted while it made ready is played off.
    await pass(30_000);
    const { off, of } = await watched(page, SECONDS);
    const [late, still] = [of('late'), Math.max(...of('still'))];
    const [least, most] = [Math.min(...late), Math.max(...late)];
    const core = demo.all('stats').slice(5 - SECONDS).map(({ latency_ms, target_ms }) => latency_ms - target_ms);
    console.log(`        first picture after ${Math.round(first)} ms, off by ${off.toFixed(3)} s, ${still.toFixed(2)} s still`);
    console.log(`        beyond the target: the program ${Math.min(...core)} to ${Math.max(...core)} ms, the page with its reserve ${least.toFixed(2)} to ${most.toFixed(2)} s`);
    assert.ok(first <= within(1000, 10_000), `first picture after ${first} ms`);
    assert.ok(Math.abs(off) <= 0.01 * SECONDS, `off by ${off} s`);
    const near = within(0.3, 3);
    assert.ok(core.length > 50 && core.every((ms) => Math.abs(ms) <= near * 1000), `${core} ms beyond the target`);
    assert.ok(least >= -near && most <= near, `${least} to ${most} s beyond the target`);
    assert.ok(still < within(0.4, 3), `still ${still}`);
    assert.deepEqual(page.complaints, []);
  } finally {
    await chrome.close();
    assert.equal(await demo.stop(), 130);
  }
});

// Who lost it dials again each 4 s at most, and a picture takes a second from there: 0.3 to 5 s measured.
test('a broadcaster suspended for 10 s is told of, and the picture is back by itself', () => withWatch(async (page, broadcaster) => {
  broadcaster.child.kill('SIGSTOP');
  await page.waitForFunction(() => manyhands.shown === 'broadcaster_silent' || manyhands.shown === 'cut_off', null, { timeout: within(9_000, 30_000) });
  await pass(10_000);
  broadcaster.child.kill('SIGCONT');
  await atLive(page, within(10_000, 30_000));
}));

test('a tab suspended for 10 s is at live again', () => withWatch(async (page) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await pass(10_000);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await atLive(page, within(3_000, 15_000));
}));

process.exit((await runAll(process.argv[2])) ? 0 : 1);
