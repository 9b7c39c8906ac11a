// Each state shows its words, in three languages; each language has each word.

import assert from 'node:assert/strict';
import { playing, reading, withPage } from './harness.mjs';
import { test } from './tests.mjs';

const WORDS = {
  en: {
    waiting: ['Not live yet', 'This starts by itself when the broadcast begins.'],
    paused: ['Paused', 'The broadcaster has paused. It goes on by itself.'],
    camera_off: ['Camera is off', 'You can still hear the broadcast.'],
    broadcaster_silent: ['Their connection is lost', 'The broadcaster’s phone is not getting through.'],
    cut_off: ['Connection lost, trying again', 'This computer can’t get the picture.'],
    no_network: ['You are offline', 'Turn on Wi-Fi'],
    ended: ['The broadcast has ended', 'It ran 48 minutes.'],
    unreachable: ['Nobody can be reached', 'Neither the broadcaster nor another viewer answers.'],
    interrupted: ['Manyhands was closed', 'Start it again'],
    full: ['No free place yet', 'You get in as soon as there is room'],
    revoked: ['This invitation was taken back', 'The broadcaster ended this invitation.'],
    expired: ['This invitation has run out', 'Ask for a new link.'],
    device_limit: ['Already on all its devices', 'Ask for a new link.'],
    newer_version: ['Manyhands is too old for this link', 'Update'],
    damaged_link: ['This link is not complete', 'Copy the whole link again'],
  },
  de: {
    waiting: ['Noch nicht live', 'von selbst'],
    cut_off: ['Verbindung weg, neuer Versuch läuft', 'WLAN'],
    broadcaster_silent: ['Die Gegenseite hat keine Verbindung', 'An dir liegt es nicht'],
    ended: ['Die Übertragung ist zu Ende', 'Sie lief 48 Minuten.'],
    revoked: ['Diese Einladung wurde zurückgenommen', 'neuen Link'],
  },
  es: {
    waiting: ['Aún no ha empezado', 'Empieza sola'],
    cut_off: ['Conexión perdida, reintentando', 'wifi'],
    ended: ['La emisión ha terminado', 'Ha durado 48 minutos.'],
    unreachable: ['No se puede contactar con nadie', 'No responde'],
    revoked: ['Esta invitación se ha retirado', 'enlace nuevo'],
  },
};

for (const [lang, kinds] of Object.entries(WORDS)) {
  test(`each state says its words (${lang})`, () => withPage(async (page, server) => {
    await playing(page);
    server.tell({ hold: true, state: { ran_ms: 48 * 60_000 } });
    for (const [kind, [title, part]] of Object.entries(kinds)) {
      server.tell({ state: { state: kind } });
      await page.waitForFunction((kind) => manyhands.shown === kind, kind);
      assert.equal(await page.textContent('#overlay-title'), title);
      const text = await page.textContent('#overlay-text');
      assert.ok(text.includes(part), `${kind}: ${text}`);
      assert.ok(await page.isVisible('#overlay-title'), kind);
      assert.ok((await page.locator('#overlay-actions button').count()) <= 2, kind);
    }
  }, { search: `?lang=${lang}` }));
}

test('B26 an invitation taken back takes picture, sound, what was kept and the panels away at once', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ state: { state: 'revoked' } });
  await page.waitForFunction(() => manyhands.shown === 'revoked');
  const left = await page.evaluate(() => {
    const video = document.querySelector('video');
    const canvas = document.querySelector('#still');
    return { ready: video.readyState, kept: video.buffered.length, width: video.videoWidth, still: canvas.hidden && canvas.width };
  });
  assert.deepEqual(left, { ready: 0, kept: 0, width: 0, still: 0 });
  for (const id of ['#controls', '#live', '#viewers', '#hand', '#reach']) assert.ok(await page.isHidden(id), id);
  server.tell({ state: { state: 'playing' } });
  await playing(page);
}));

test('B27 a broadcast that begins is shown without a tap', () => withPage(async (page, server) => {
  await page.waitForFunction(() => window.manyhands?.shown === 'waiting');
  server.tell({ hold: false, state: { state: 'playing' } });
  await playing(page);
}, { program: ['--hold', '--state', 'waiting'] }));

test('B30 silence alone is never called the end', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ hold: true });
  await page.waitForFunction(() => manyhands.still > 6);
  assert.equal(await reading(page, 'shown'), 'cut_off');
}));

test('a state that the page does not know is told in the program’s words, as text', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ hold: true, state: { state: 'comet', message: 'A <b>comet</b> is in the way.' } });
  await page.waitForFunction(() => manyhands.shown === 'comet');
  assert.equal(await page.textContent('#overlay-text'), 'A <b>comet</b> is in the way.');
  assert.equal(await page.locator('#overlay-text b').count(), 0);
}));

test('bad news waits while the picture still moves', () => withPage(async (page, server) => {
  await playing(page);
  server.tell({ state: { state: 'broadcaster_silent' } });
  await page.waitForFunction(() => manyhands.state === 'broadcaster_silent');
  assert.equal(await reading(page, 'shown'), null);
}));

test('"Watch the last minutes" plays what is kept, then the state is back', () => withPage(async (page, server) => {
  await playing(page);
  await page.waitForFunction(() => manyhands.window > 10);
  server.tell({ hold: true, state: { state: 'ended', ran_ms: 60_000 } });
  await page.waitForSelector('#overlay-actions button');
  assert.equal(await page.textContent('#overlay-actions'), 'Watch the last minutes');
  const end = await reading(page, 'currentTime');
  await page.click('#overlay-actions button');
  await page.waitForFunction((end) => manyhands.shown === null && manyhands.currentTime < end - 6 && manyhands.still < 0.2, end);
  await page.waitForFunction(() => manyhands.shown === 'ended', null, { timeout: 20_000 });
}));

test('each language has each word, with the same places to fill', () => withPage(async (page) => {
  const faults = await page.evaluate(async () => {
    const { LANGUAGES } = await import('./js/words.js');
    const places = (words) => JSON.stringify([...new Set(JSON.stringify(words).match(/\{\w+\}/g) ?? [])].sort());
    const faults = [];
    for (const [tag, words] of Object.entries(LANGUAGES)) {
      for (const key of Object.keys(LANGUAGES.en)) if (!(key in words)) faults.push(`${tag} lacks ${key}`);
      for (const [key, value] of Object.entries(words)) {
        if (!(key in LANGUAGES.en)) faults.push(`${tag} has ${key} alone`);
        else if (places(value) !== places(LANGUAGES.en[key])) faults.push(`${tag} ${key}: ${places(value)}`);
      }
    }
    return faults;
  });
  assert.deepEqual(faults, []);
}));
