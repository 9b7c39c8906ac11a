// B39: large text, narrow and low windows, right to left, dark: nothing is cut, covered or too small.

import assert from 'node:assert/strict';
import { open, browse, playing, serve } from './harness.mjs';
import { test } from './tests.mjs';

const SIZES = {
  'desktop': { width: 1280, height: 800 },
  'wide': { width: 1920, height: 1080 },
  'tablet': { width: 768, height: 1024 },
  'phone': { width: 390, height: 844 },
  'small phone': { width: 320, height: 640 },
  'phone on its side': { width: 740, height: 360 },
};

/** What sticks out, is too small for a finger, or lies on something else. */
function faults() {
  const faults = [];
  const page = document.scrollingElement;
  if (page.scrollWidth > innerWidth) faults.push(`the page is ${page.scrollWidth} wide in ${innerWidth}`);
  const seen = (element) => element.checkVisibility({ checkOpacity: false }) && element.getClientRects().length && !element.closest('.spoken, svg');
  const name = (element) => `${element.tagName}#${element.id}.${element.className} "${element.textContent.trim().slice(0, 30)}"`;
  for (const element of document.querySelectorAll('body *')) {
    if (!seen(element) || element.closest('.scroll')) continue;
    const box = element.getBoundingClientRect();
    if (box.left < -0.5 || box.right > innerWidth + 0.5) faults.push(`${name(element)} from ${box.left} to ${box.right}`);
    const clips = getComputedStyle(element).overflowX !== 'visible';
    if (clips && element.scrollWidth > element.clientWidth + 1 && !element.matches('.bar')) faults.push(`${name(element)} cuts its content`);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (!seen(node.parentElement) || node.parentElement.closest('table, h1, .overlay h2')) continue;
    for (const { index, 0: word } of node.data.matchAll(/\p{L}{2,18}|\d+/gu)) {
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) faults.push(`"${word}" is broken in two`);
    }
  }
  const targets = [...document.querySelectorAll('button, input, summary')].filter(seen);
  for (const target of targets) {
    const box = target.getBoundingClientRect();
    const height = target.id === 'live' ? box.height + 14 : box.height;
    if (height < 43.5 || box.width < 43.5) faults.push(`${name(target)} is ${box.width} x ${height}`);
  }
  const stage = document.querySelector('#stage').getBoundingClientRect();
  const over = ['#live', '#viewers', '#controls', '#sound-on'].map((id) => document.querySelector(id)).filter(seen);
  for (const one of over) {
    const a = one.getBoundingClientRect();
    if (a.top < stage.top - 0.5 || a.bottom > stage.bottom + 0.5) faults.push(`${name(one)} leaves the picture`);
    for (const other of over) {
      const b = other.getBoundingClientRect();
      if (one !== other && a.left < b.right - 0.5 && b.left < a.right - 0.5 && a.top < b.bottom - 0.5 && b.top < a.bottom - 0.5) {
        faults.push(`${name(one)} lies on ${name(other)}`);
      }
    }
  }
  return faults;
}

async function everySize(context, prepare, check) {
  const server = await serve();
  const chrome = await browse();
  const found = [];
  try {
    for (const [name, viewport] of Object.entries(SIZES)) {
      const page = await open(await chrome.context({ viewport, ...context }), server.url + (context.search ?? ''));
      await playing(page);
      await prepare(page, server);
      found.push(...(await check(page)).map((fault) => `${name}: ${fault}`));
      await page.context().close();
    }
  } finally {
    await chrome.close();
    await server.stop();
  }
  assert.deepEqual(found, []);
}

const openAll = async (page) => {
  await page.waitForSelector('#share-copy');
  await page.evaluate(() => document.querySelectorAll('details').forEach((details) => { details.open = true; }));
  await page.waitForSelector('#peers-table tbody tr', { state: 'attached' });
};
const doubled = (page) => page.evaluate(() => { document.documentElement.style.fontSize = '200%'; });
const check = (page) => page.evaluate(faults);

test('B39 nothing overflows at any size', () => everySize({}, openAll, check));
test('B39 nothing overflows in the dark, in German', () => everySize({ colorScheme: 'dark', search: '?lang=de' }, openAll, check));
test('B39 nothing overflows from right to left', () => everySize({ search: '?dir=rtl&lang=es' }, openAll, check));
test('B39 nothing overflows with text at 200 %', () => everySize({}, async (page) => {
  await doubled(page);
  await openAll(page);
}, check));

test('B39 picture and timeline are not mirrored from right to left, panels are', () => everySize({ search: '?dir=rtl' }, openAll, (page) => page.evaluate(() => {
  const faults = [];
  const left = (id) => document.querySelector(id).getBoundingClientRect().left;
  if (!(left('#play') < left('#mute'))) faults.push('controls are mirrored');
  if (!(left('#hand-switch') < left('#hand-title'))) faults.push('the hand panel is not mirrored');
  if (getComputedStyle(document.querySelector('#timeline')).direction !== 'ltr') faults.push('timeline is mirrored');
  return faults;
})));

const KINDS = ['waiting', 'broadcaster_silent', 'cut_off', 'ended', 'unreachable', 'full', 'revoked', 'damaged_link'];

for (const text of ['100%', '200%']) {
  test(`B39 the words of each state can be read whole with text at ${text}`, async () => {
    const server = await serve();
    const chrome = await browse();
    const found = [];
    try {
      for (const [name, viewport] of Object.entries(SIZES)) {
        server.tell({ hold: false, state: { state: 'playing' } });
        const page = await open(await chrome.context({ viewport }), `${server.url}?lang=de`);
        await playing(page);
        await page.evaluate((text) => { document.documentElement.style.fontSize = text; }, text);
        server.tell({ hold: true });
        for (const kind of KINDS) {
          server.tell({ state: { state: kind } });
          await page.waitForFunction((kind) => manyhands.shown === kind, kind);
          const all = await page.evaluate(faults);
          all.push(...await page.evaluate(unreachableWords));
          found.push(...all.map((fault) => `${name}, ${kind}: ${fault}`));
        }
        await page.context().close();
      }
    } finally {
      await chrome.close();
      await server.stop();
    }
    assert.deepEqual(found, []);
  });
}

/** Words of the overlay that not even scrolling brings into the picture. */
function unreachableWords() {
  const overlay = document.querySelector('#overlay');
  const box = overlay.getBoundingClientRect();
  return ['#overlay-title', '#overlay-text', '#overlay-actions'].flatMap((id) => {
    const element = document.querySelector(id);
    if (!element.getClientRects().length) return [];
    element.scrollIntoView({ block: 'nearest' });
    const at = element.getBoundingClientRect();
    const fits = at.height > box.height || (at.top >= box.top - 1 && at.bottom <= box.bottom + 1);
    return fits ? [] : [`${id} from ${at.top} to ${at.bottom} in ${box.top} to ${box.bottom}`];
  });
}

test('B39 an upright picture keeps its shape and leaves room for the rest', async () => {
  const server = await serve(['--size', '360x640']);
  const chrome = await browse();
  try {
    for (const viewport of Object.values(SIZES)) {
      const page = await open(await chrome.context({ viewport }), server.url);
      await playing(page);
      assert.deepEqual(await page.evaluate(faults), []);
      const height = await page.evaluate(() => document.querySelector('#stage').getBoundingClientRect().height);
      assert.ok(height <= viewport.height, `${height} in ${viewport.height}`);
      await page.context().close();
    }
  } finally {
    await chrome.close();
    await server.stop();
  }
});

test('without motion nothing moves by itself', async () => {
  const server = await serve();
  const chrome = await browse();
  try {
    const page = await open(await chrome.context({ reducedMotion: 'reduce' }), server.url);
    await playing(page);
    await page.waitForSelector('.reach-flow', { state: 'attached' });
    const moving = await page.evaluate(() => document.getAnimations().filter((animation) => animation.playState === 'running').length);
    assert.equal(moving, 0);
  } finally {
    await chrome.close();
    await server.stop();
  }
});
