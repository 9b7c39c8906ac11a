// Lending a hand: the switch asks, the program decides, the page shows what is so.

import assert from 'node:assert/strict';
import { playing, withPage } from './harness.mjs';
import { test } from './tests.mjs';

const checked = (page) => page.getAttribute('#hand-switch', 'aria-checked');
const now = (page, text) => page.waitForFunction((text) => document.querySelector('#hand-now').textContent === text, text);

test('B34 the switch reaches the program and shows what it answers', () => withPage(async (page, server) => {
  await playing(page);
  await now(page, 'Lending to 3 people');
  assert.match(await page.textContent('#hand-today'), /^4[89] MB given today, 15 MB a minute now$/);
  await page.click('#hand-switch');
  await now(page, 'Off: you switched it off');
  assert.equal(await checked(page), 'false');
  await page.click('#hand-switch');
  await now(page, 'Lending to 3 people');
  assert.deepEqual(server.commands, [{ lend: false }, { lend: true }]);
}));

test('the row changes only when the program confirms, and says when it does not', () => withPage(async (page, server) => {
  await playing(page);
  await now(page, 'Lending to 3 people');
  await page.click('#hand-switch');
  await now(page, 'One moment…');
  assert.equal(await checked(page), 'true');
  await now(page, 'No answer from Manyhands. Try again.');
  assert.equal(await checked(page), 'true');
  assert.deepEqual(server.commands, [{ lend: false }]);
  server.tell({ state: { lend: { on: false, reason: 'off' } } });
  await page.waitForFunction(() => document.querySelector('#hand-switch').getAttribute('aria-checked') === 'false');
}, { program: ['--deaf'] }));

test('each reason has its words; an unknown one is said as it came', () => withPage(async (page, server) => {
  await playing(page);
  const reasons = {
    on: 'Lending to 3 people',
    ready: 'Ready, nobody needs it now',
    not_yet: 'Not yet: waiting for your OK',
    half_battery: 'Half: on battery',
    mobile: 'Paused: on mobile data',
    daily_limit: 'Paused: today’s limit is used',
    monthly_limit: 'Paused: this month’s limit is used',
    'Only <i>upwards</i>': 'Only <i>upwards</i>',
  };
  for (const [reason, words] of Object.entries(reasons)) {
    server.tell({ state: { lend: { reason } } });
    await now(page, words);
  }
  server.tell({ state: { lend: { given_today: null } } });
  await page.waitForFunction(() => document.querySelector('#hand-today').textContent
    === 'Today’s number is not available; limits still hold.');
}));

test('the drawing and the sentence tell how the picture travels', () => withPage(async (page, server) => {
  await playing(page);
  const words = (text) => page.waitForFunction((text) => document.querySelector('#reach-words').textContent === text, text);
  await words('It reaches you from 4 other devices, and goes on from you to 3.');
  server.tell({ state: { peers: [{ peer: 'a', from_bps: 500_000, to_bps: 900, origin: true }] } });
  await words('It reaches you straight from the broadcaster.');
  server.tell({ state: { peers: Array.from({ length: 40 }, (_, i) => ({ peer: `p${i}`, from_bps: 100_000, to_bps: 100_000 })) } });
  await words('It reaches you from 40 other devices, and goes on from you to 40.');
  assert.match(await page.textContent('#reach-picture'), /\+35/);
}));
