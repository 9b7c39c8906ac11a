// A page of another origin, even one that knows the secret address, can neither read nor change
// anything; nor can a name that was made to point here (DNS rebinding). SECURITY 17.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { browse, open, playing, serve } from './harness.mjs';
import { test } from './tests.mjs';

const NAMES = '--host-resolver-rules=MAP evil.test 127.0.0.1, MAP rebound.test 127.0.0.1';
// The browser's own gate before loopback is left out, so that ours is what is tested.
const NO_GATE = '--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests,HttpsUpgrades';

/** Our server, a browser, and somebody else's site with an empty page. */
async function stage(use) {
  const server = await serve();
  const site = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><title>evil</title><body>'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  const chrome = await browse({ flags: [NAMES, NO_GATE] });
  try {
    await use(server, site.address().port, chrome);
    assert.deepEqual(server.commands, [], 'nothing was changed');
    const own = await open(await chrome.context(), server.url);
    await playing(own);
    assert.equal(await own.getAttribute('#hand-switch', 'aria-checked'), 'true');
  } finally {
    await chrome.close();
    await server.stop();
    await new Promise((resolve) => site.close(resolve));
  }
}

/** Runs in the hostile page: everything it could try; returns what it got. */
async function attack(url) {
  const got = {};
  const attempt = async (name, act) => {
    try {
      got[name] = await Promise.race([act(), new Promise((resolve) => setTimeout(resolve, 4000, 'nothing'))]);
    } catch {
      got[name] = 'refused';
    }
  };
  const element = (tag, attributes) => new Promise((resolve) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.onload = () => resolve('loaded');
    made.onerror = () => resolve('refused');
    document.body.append(made);
  });
  const body = '{"on":false}';
  await attempt('image', () => element('img', { src: `${url}icon.svg` }));
  await attempt('script', () => element('script', { src: `${url}js/words.js` }));
  await attempt('module', () => import(`${url}js/words.js`).then(() => 'loaded'));
  await attempt('style', () => element('link', { rel: 'stylesheet', href: `${url}css/base.css` }));
  await attempt('read', () => fetch(url).then((answer) => answer.text()));
  await attempt('read stream', () => fetch(`${url}stream`).then((answer) => answer.body.getReader().read()).then(() => 'read'));
  await attempt('read link', () => fetch(`${url}link`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } }).then((answer) => answer.text()));
  await attempt('opaque', () => fetch(`${url}icon.svg`, { mode: 'no-cors' }).then(() => 'opaque'));
  await attempt('write json', () => fetch(`${url}lend`, { method: 'POST', body, headers: { 'content-type': 'application/json' } }).then((answer) => answer.status));
  await attempt('write plain', () => fetch(`${url}lend`, { method: 'POST', body, mode: 'no-cors' }).then(() => 'sent'));
  await attempt('write beacon', async () => navigator.sendBeacon(`${url}lend`, new Blob([body], { type: 'text/plain' })) && 'sent');
  await attempt('socket', () => new Promise((resolve) => {
    const socket = new WebSocket(`${url.replace('http', 'ws')}stream`);
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  }));
  await attempt('events', () => new Promise((resolve) => {
    const source = new EventSource(`${url}stream`);
    source.onopen = () => resolve('open');
    source.onerror = () => resolve('refused');
  }));
  await attempt('video', () => new Promise((resolve) => {
    const video = Object.assign(document.createElement('video'), { src: `${url}stream`, onloadedmetadata: () => resolve('played'), onerror: () => resolve('refused') });
    document.body.append(video);
  }));
  await attempt('form', () => new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { name: 'target', onload: () => resolve('sent') });
    const form = Object.assign(document.createElement('form'), { method: 'POST', action: `${url}lend`, enctype: 'text/plain', target: 'target' });
    form.append(Object.assign(document.createElement('input'), { name: '{"on":false,"x":"', value: '"}' }));
    document.body.append(frame, form);
    form.submit();
  }));
  return got;
}

for (const host of ['evil.test', '127.0.0.1', 'localhost']) {
  test(`a page at ${host} on another port gets nothing and changes nothing`, () => stage(async (server, port, chrome) => {
    const page = await open(await chrome.context(), `http://${host}:${port}/`);
    const got = await page.evaluate(attack, server.url);
    const { form, opaque, 'write plain': plain, 'write beacon': beacon, ...rest } = got;
    for (const [name, result] of Object.entries(rest)) assert.equal(result, 'refused', `${name}: ${result}`);
    // These may be sent, blindly; that nothing came of them is checked at the end.
    for (const result of [form, opaque, plain, beacon]) assert.ok(['sent', 'refused', 'opaque', 'nothing'].includes(result), result);
    assert.notEqual(opaque, 'opaque');
  }));
}

test('the page can not be put into a frame, and an opener learns nothing of it', () => stage(async (server, port, chrome) => {
  const page = await open(await chrome.context(), `http://evil.test:${port}/`);
  await page.evaluate((url) => new Promise((resolve) => {
    const frame = Object.assign(document.createElement('iframe'), { src: url, onload: resolve, onerror: resolve });
    document.body.append(frame);
  }), server.url);
  const frames = page.frames().filter((frame) => frame.url().startsWith(server.url));
  for (const frame of frames) assert.equal(await frame.locator('video').count(), 0);
  const [popup] = await Promise.all([
    page.context().waitForEvent('page'),
    page.evaluate((url) => { window.opened = window.open(url); }, server.url),
  ]);
  await playing(popup);
  assert.equal(await popup.evaluate(() => window.opener), null);
  const seen = await page.evaluate(() => ({ closed: window.opened.closed, frames: window.opened.length }));
  assert.equal(seen.closed, true, 'the opener holds on to nothing');
}));

test('a name that points here is refused, even with the secret address', () => stage(async (server, _, chrome) => {
  const { port, pathname } = new URL(server.url);
  const page = await (await chrome.context()).newPage();
  for (const path of [pathname, '/', `${pathname}js/main.js`]) {
    const answer = await page.goto(`http://rebound.test:${port}${path}`);
    assert.equal(answer.status(), 403);
    assert.match(await answer.text(), /^Nothing to see here/);
  }
  const got = await page.evaluate(async (path) => {
    const read = await fetch(`${path}stream`).then((answer) => answer.status, () => 'refused');
    const headers = { 'content-type': 'application/json' };
    const write = await fetch(`${path}lend`, { method: 'POST', body: '{"on":false}', headers }).then((answer) => answer.status, () => 'refused');
    const link = await fetch(`${path}link`, { method: 'POST', body: '{}', headers }).then((answer) => answer.status, () => 'refused');
    return [read, write, link];
  }, pathname);
  assert.deepEqual(got, [403, 403, 403]);
}));

test('nothing is loaded from elsewhere, nothing is kept, and no secret leaves by the referrer', () => stage(async (server, _, chrome) => {
  const page = await (await chrome.context()).newPage();
  const foreign = [];
  const kept = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url) && !request.url().startsWith('blob:')) foreign.push(request.url());
    if (request.headers().referer?.includes(new URL(server.url).pathname)) kept.push(`referrer to ${request.url()}`);
  });
  page.on('response', (response) => {
    if (!response.url().startsWith('blob:') && response.headers()['cache-control'] !== 'no-store') kept.push(response.url());
  });
  await page.goto(server.url);
  await playing(page);
  await page.waitForSelector('#share-copy');
  assert.deepEqual({ foreign, kept }, { foreign: [], kept: [] });
}));
