// Takes the pictures of the page for the guide: `node tests/e2e/page/shots.mjs DIR [part of a name]`.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { browse, open, playing, serve } from './harness.mjs';

const [dir = 'shots', only = ''] = process.argv.slice(2);
const SCENE = 'gradients=n=5:c0=0x7fb2d6:c1=0xf2c9a1:c2=0x2f6b5a:c3=0x9bbf6a:c4=0xd7e7ef:speed=0.02:type=linear';
const DESKTOP = { viewport: { width: 1280, height: 800 } };
const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const KINDS = {
  desktop: DESKTOP,
  'desktop-dark': { ...DESKTOP, colorScheme: 'dark' },
  phone: PHONE,
  'phone-dark': { ...PHONE, colorScheme: 'dark' },
};
const STATES = [
  'waiting', 'paused', 'camera_off', 'broadcaster_silent', 'cut_off', 'no_network', 'ended', 'unreachable', 'full',
  'revoked', 'expired', 'newer_version', 'damaged_link',
];

mkdirSync(dir, { recursive: true });
const server = await serve(['--source', SCENE]);
const chrome = await browse({ sound: true });
try {
  for (const [kind, context] of Object.entries(KINDS).filter(([kind]) => kind.includes(only))) {
    const page = await open(await chrome.context(context), server.url);
    const shoot = (name, options = {}) => page.screenshot({ path: join(dir, `${kind}-${name}.png`), ...options });
    await playing(page);
    await page.waitForSelector('#share-copy');
    await page.mouse.move(200, 200);
    await shoot('playing');
    await page.click('#details > summary');
    await page.waitForFunction(() => document.querySelectorAll('#peers-table tbody tr').length > 1);
    await shoot('details', { fullPage: true });
    await page.click('#details > summary');
    server.tell({ hold: true, state: { ran_ms: 48 * 60_000 } });
    for (const state of STATES) {
      server.tell({ state: { state } });
      await page.waitForFunction((state) => window.manyhands.shown === state, state);
      await page.evaluate(() => scrollTo(0, 0));
      await shoot(state);
    }
    server.tell({ hold: false, state: { state: 'playing' } });
    await page.context().close();
  }
} finally {
  await chrome.close();
  await server.stop();
}
