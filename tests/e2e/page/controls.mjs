// Buttons, keys, the badge and what a screen reader is told.

import assert from 'node:assert/strict';
import { pass, playing, reading, withPage } from './harness.mjs';
import { test } from './tests.mjs';

const badge = (page) => page.evaluate(() => ({
  live: document.querySelector('#live').dataset.live,
  text: document.querySelector('#live').textContent,
  label: document.querySelector('#live').getAttribute('aria-label'),
}));

/** Moves the mouse over the picture, so that the controls are there. */
const wake = (page) => page.mouse.move(200 + Math.random() * 50, 150);

test('B32 back 10 seconds turns the badge grey, a tap on it goes to live', () => withPage(async (page) => {
  await playing(page);
  assert.match((await badge(page)).text, /^LIVE (under 1 s|\d s)$/);
  await page.waitForFunction(() => manyhands.window > 12);
  await wake(page);
  await page.click('#back');
  await page.waitForFunction(() => document.querySelector('#live').dataset.live === 'false');
  const { text, label } = await badge(page);
  assert.match(text, /^1[0-3] s behind · Go live$/);
  assert.match(label, /^1[0-3] seconds behind\. Go to live$/);
  await pass(2000);
  assert.ok((await reading(page, 'behind')) > 9, 'it stays where the person went');
  assert.equal(await reading(page, 'rate'), 1);
  await wake(page);
  await page.click('#live');
  await page.waitForFunction(() => document.querySelector('#live').dataset.live === 'true' && manyhands.ahead < 1.5);
}));

test('pause holds the picture, play goes on from there', () => withPage(async (page) => {
  await playing(page);
  await wake(page);
  await page.click('#play');
  const stood = await reading(page, 'currentTime');
  await pass(3000);
  assert.ok(Math.abs((await reading(page, 'currentTime')) - stood) < 0.3);
  assert.equal(await page.getAttribute('#play', 'aria-label'), 'Play');
  assert.equal((await badge(page)).live, 'false');
  await page.click('#play');
  await playing(page);
  assert.ok((await reading(page, 'behind')) > 2);
  assert.equal(await reading(page, 'shown'), null);
}));

test('the timeline moves by 10 seconds with the arrows and says where it is', () => withPage(async (page) => {
  await playing(page);
  await page.waitForFunction(() => manyhands.window > 12);
  await page.focus('#timeline');
  assert.equal(await page.getAttribute('#timeline', 'aria-valuetext'), 'Position, live');
  await page.keyboard.press('ArrowLeft');
  await page.waitForFunction(() => /^Position, (9|10|11) seconds behind live$/.test(document.querySelector('#timeline').getAttribute('aria-valuetext')));
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(() => document.querySelector('#timeline').getAttribute('aria-valuetext') === 'Position, live');
}));

test('the keys do what the list says', () => withPage(async (page) => {
  await playing(page);
  const video = (name) => page.evaluate((name) => document.querySelector('video')[name], name);
  const settled = (condition) => page.waitForFunction(condition);
  await page.keyboard.press('k');
  await settled(() => document.querySelector('video').paused);
  await page.keyboard.press('Space');
  await settled(() => !document.querySelector('video').paused);
  assert.equal(await video('muted'), false);
  await page.keyboard.press('m');
  assert.equal(await video('muted'), true);
  await page.keyboard.press('M');
  assert.equal(await video('muted'), false);
  await page.keyboard.press('ArrowDown');
  assert.ok(Math.abs((await video('volume')) - 0.9) < 0.01);
  await page.keyboard.press('ArrowUp');
  assert.equal(await video('volume'), 1);
  await settled(() => manyhands.window > 12);
  await page.keyboard.press('ArrowLeft');
  await settled(() => manyhands.behind > 8);
  await page.keyboard.press('l');
  await settled(() => manyhands.behind < 1);
  await page.keyboard.press('f');
  await settled(() => document.fullscreenElement?.id === 'stage');
  await page.keyboard.press('f');
  await settled(() => !document.fullscreenElement);
  await page.keyboard.press('s');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'share-copy');
  await page.keyboard.press('?');
  await settled(() => document.querySelector('#keys').open);
  assert.equal(await page.locator('#keys-list > div').count(), 9);
  await page.click('#keys-switch');
  await page.keyboard.press('Escape');
  await page.keyboard.press('k');
  await pass(300);
  assert.equal(await video('paused'), false, 'keys are switched off');
}, { browser: { sound: true } }));

test('Space on a button presses that button only, and shortcuts of the browser stay its own', () => withPage(async (page) => {
  await playing(page);
  await page.focus('#mute');
  const before = await page.evaluate(() => document.querySelector('video').muted);
  await page.keyboard.press('Space');
  assert.equal(await page.evaluate(() => document.querySelector('video').muted), !before);
  assert.equal(await page.evaluate(() => document.querySelector('video').paused), false);
  await page.keyboard.press('Control+m');
  assert.equal(await page.evaluate(() => document.querySelector('video').muted), !before);
}));

test('controls leave after 4 s and come back with the focus', () => withPage(async (page) => {
  await playing(page);
  await page.mouse.move(300, 300);
  await page.waitForFunction(() => document.querySelector('#stage').classList.contains('idle'), null, { timeout: 6000 });
  await page.focus('#back');
  assert.equal(await page.evaluate(() => document.querySelector('#stage').classList.contains('idle')), false);
}));

test('B24 copying gives exactly one whole link, and it is in no address or markup before it is asked for', () => withPage(async (page) => {
  await playing(page);
  await page.waitForSelector('#share-copy');
  assert.ok(await page.locator('#code svg').count());
  const html = await page.content();
  assert.ok(!html.includes('the-link-of-the-example'));
  await page.click('#share-copy');
  await page.waitForSelector('#toast:not([hidden])');
  assert.equal(await page.textContent('#toast'), 'Link copied');
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'https://manyhands.example/#AbCdEf0123456789-the-link-of-the-example_0123456789');
}, { context: { permissions: ['clipboard-read', 'clipboard-write'] } }));

test('B40 every control has a name, and the reading order is the order of importance', () => withPage(async (page) => {
  await playing(page);
  await page.click('#details > summary');
  const names = await page.evaluate(() => [...document.querySelectorAll('button, input, summary')]
    .filter((control) => control.checkVisibility())
    .map((control) => ({
      id: control.id,
      name: control.getAttribute('aria-label')
        ?? (control.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' ').trim()
        ?? '',
      text: control.textContent.trim(),
    })));
  for (const control of names) assert.ok(control.name || control.text, JSON.stringify(control));
  const order = names.map(({ id }) => id).filter(Boolean);
  const wanted = ['live', 'timeline', 'play', 'back', 'mute', 'volume', 'pip', 'full', 'share-open', 'hand-switch', 'share-copy'];
  assert.deepEqual(order.filter((id) => wanted.includes(id)), wanted.filter((id) => order.includes(id)));
  assert.ok(order.length > 8);
  assert.equal(await page.getAttribute('#hand-switch', 'aria-checked'), 'true');
  assert.equal(await page.getAttribute('html', 'lang'), 'en-GB');
  assert.match(await page.textContent('#viewers-spoken'), /^12 watching$/);
}));

test('the details show the same in charts and tables', () => withPage(async (page) => {
  await playing(page);
  await page.click('#details > summary');
  await page.waitForFunction(() => document.querySelectorAll('#peers-table tbody tr').length === 6);
  assert.equal(await page.locator('#peers-chart .peer:not(.heads)').count(), 6);
  assert.equal(await page.locator('#delay-chart polyline').count(), 3);
  assert.match(await page.textContent('#delay-words'), /^Now [\d,]+ ms/);
  assert.match(await page.textContent('#peers-table'), /Broadcaster520 kbit\/s–/);
  assert.match(await page.textContent('#numbers'), /Hops from the broadcaster3/);
  assert.match(await page.textContent('#numbers'), /640 × 360/);
}));
