// What goes wrong on the way, and that it heals without a hand being lifted.

import assert from 'node:assert/strict';
import { pass, playing, reading, withPage } from './harness.mjs';
import { test } from './tests.mjs';

const shows = (page, kind) => page.waitForFunction((kind) => window.manyhands.shown === kind, kind);

/** Near to live again: within the reserve and a glide. */
const atLive = (page, timeout = 2000) => page.waitForFunction(
  () => manyhands.still < 0.3 && manyhands.shown === null && manyhands.ahead < 1.5 && document.querySelector('#live').dataset.live === 'true',
  null, { timeout });

test('B28 B29 a silent source shows "Catching up", then words, and heals by itself within 2 s', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ hold: true });
  await page.waitForSelector('#pill:not([hidden])');
  assert.equal(await page.textContent('#pill'), 'Catching up…');
  await shows(page, 'cut_off');
  assert.equal(await page.textContent('#overlay-title'), 'Connection lost, trying again');
  assert.match(await page.textContent('#urgent'), /^Connection lost/);
  server.tell({ state: { state: 'broadcaster_silent' } });
  await shows(page, 'broadcaster_silent');
  await pass(4000);
  server.tell({ hold: false, state: { state: 'playing' } });
  await atLive(page);
  assert.equal(await page.textContent('#polite'), 'The picture is back.');
}));

test('the program suspended for 10 s is told of, and the picture is back after it', () => withPage(async (page, server) => {
  await playing(page);
  server.child.kill('SIGSTOP');
  await page.waitForFunction(() => manyhands.shown === 'cut_off' || manyhands.shown === 'page_lost', null, { timeout: 9000 });
  await shows(page, 'page_lost');
  await pass(1000);
  server.child.kill('SIGCONT');
  await atLive(page, 5000);
}));

test('a suspended tab is at live again when it wakes', () => withPage(async (page) => {
  await playing(page);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
  await pass(10_000);
  await devtools.send('Page.setWebLifecycleState', { state: 'active' });
  await atLive(page, 3000);
}));

test('a broadcaster that starts again on a new timeline goes on', () => withPage(async (page, server) => {
  await playing(page);
  await page.waitForFunction(() => manyhands.currentTime > 4);
  server.tell({ restart: true });
  await page.waitForFunction(() => manyhands.currentTime < 3);
  await atLive(page, 4000);
}));

test('when the sound alone stops, the picture goes on, and the sound comes back', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ drop: 1 });
  await page.waitForFunction(() => manyhands.still > 0.5);
  await atLive(page, 5000);
  assert.equal(await reading(page, 'tracks'), 1);
  server.tell({ keep: 1 });
  await page.waitForFunction(() => manyhands.tracks === 2);
  await atLive(page, 5000);
}));

test('when the picture alone stops, the sound goes on under "Camera is off"', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ drop: 0, state: { state: 'camera_off' } });
  await page.waitForFunction(() => manyhands.tracks === 1 && manyhands.still < 0.2 && manyhands.shown === 'camera_off');
  assert.equal(await page.textContent('#overlay-text'), 'You can still hear the broadcast.');
  server.tell({ keep: 0, state: { state: 'playing' } });
  await atLive(page, 6000);
}, { browser: { sound: true } }));

test('a page that cannot keep up is moved forward and never falls far behind', () => withPage(async (page) => {
  const devtools = await page.context().newCDPSession(page);
  const line = (downloadThroughput) => devtools.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput, uploadThroughput: -1 });
  await line(150_000);
  await page.reload();
  await page.waitForFunction(() => window.manyhands?.skips > 1, null, { timeout: 60_000 });
  await line(-1);
  await page.waitForFunction(() => manyhands.ahead < 1.5 && manyhands.still < 0.3 && manyhands.shown === null, null, { timeout: 20_000 });
}, { program: ['--rate', '4000k'] }));

test('media that the browser cannot play is told of', () => withPage(async (page) => {
  await shows(page, 'decode_failed');
  assert.equal(await page.textContent('#overlay-title'), 'The picture stopped');
}, { program: ['--codec', 'hvc9.1.2', '--no-audio'] }));

test('damaged media is begun again by itself, then on a tap', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ damage: true });
  await shows(page, 'decode_trouble');
  server.tell({ damage: false });
  await atLive(page, 15_000);
  server.tell({ damage: true });
  await page.waitForFunction(() => manyhands.shown === 'decode_failed', null, { timeout: 20_000 });
  server.tell({ damage: false });
  await pass(1500);
  assert.equal(await page.textContent('#overlay-text'), 'This browser can’t show this picture.');
  await page.click('#overlay-actions button');
  await atLive(page, 8000);
}));

test('a program that leaves in good order has its last state shown, and nothing else', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ state: { state: 'ended', ran_ms: 48 * 60_000 }, hold: true });
  await shows(page, 'ended');
  server.tell({ bye: true });
  await page.waitForFunction(() => !manyhands.connected);
  await pass(3000);
  assert.equal(await page.textContent('#overlay-title'), 'The broadcast has ended');
  assert.equal(await page.textContent('#overlay-text'), 'It ran 48 minutes.');
}, { expected: ['ERR_CONNECTION_REFUSED', 'ERR_INCOMPLETE_CHUNKED_ENCODING'] }));
