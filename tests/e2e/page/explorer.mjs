// The simulator's page of a run, as `manyhands-sim --page` writes it, opened from the disk.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { browse, open } from './harness.mjs';
import { test } from './tests.mjs';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
// A name that would end the page's script, viewers that go, and a time without anything to play.
const SCENARIO = `name = "a run </script><b id='escaped'>"
viewers = 16
seconds = 16
ramp_s = 4.0
measure_from_s = 8.0
slot_ratio = 1.6
seed = 1
[[fault]]
kind = "crash"
at_s = 10.0
count = 5
[[fault]]
kind = "origin-offline"
at_s = 12.0
away_s = 3.0
`;

const folder = mkdtempSync(join(tmpdir(), 'manyhands-explorer-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
let made;

/** The page of one run, made once. */
function page() {
  if (made) return made;
  const scenario = join(folder, 'scenario.toml');
  writeFileSync(scenario, SCENARIO);
  const [command, ...before] = process.env.MANYHANDS_SIM ? [process.env.MANYHANDS_SIM] : ['cargo', 'run', '-q', '-p', 'manyhands-sim', '--'];
  execFileSync(command, [...before, scenario, '--page', folder], { cwd: ROOT, stdio: ['ignore', 'ignore', 'ignore'] });
  made = join(folder, 'index.html');
  return made;
}

/** Opens the page at rest and lets `use` look; it must not complain, nor ask for anything. */
async function look(use, context = {}) {
  const file = page();
  const chrome = await browse();
  try {
    const opened = await chrome.context({ reducedMotion: 'reduce', ...context });
    const asked = [];
    opened.on('request', (request) => asked.push(request.url()));
    const shown = await open(opened, pathToFileURL(file).href);
    await shown.waitForSelector('[data-node="1"]', { state: 'attached' });
    await use(shown);
    assert.deepEqual(shown.complaints, []);
    assert.deepEqual(asked, [pathToFileURL(file).href]);
  } finally {
    await chrome.close();
  }
}

const to = (page, second) => page.evaluate((second) => { play(false); seek(second); return new Promise(requestAnimationFrame); }, second);
const drawn = (page) => page.evaluate(() => new Promise(requestAnimationFrame));
const shown = (page, selector) => page.locator(`${selector}:not([hidden])`).count();

test('explorer: who is there, who feeds whom and what stands follows the slider', () => look(async (page) => {
  assert.equal(await page.locator('#escaped').count(), 0);
  await to(page, 0);
  assert.equal(await shown(page, '.node'), 1);
  await to(page, 9);
  assert.equal(await shown(page, '.node'), 17);
  const wires = await page.evaluate(() => {
    chooseLane(0);
    draw(lookNow(), 0, 1000);
    return wires[0].getAttribute('d').split('M').length - 1;
  });
  const fed = await page.evaluate(() => run.nodes.filter((_, node) => node > 0 && parentOf(0, lookNow(), node) >= 0 && !isLate(0, lookNow(), node)).length);
  assert.equal(wires, fed);
  assert.ok(fed > 8, `${fed} of 16 are fed`);
  await to(page, 10.3);
  assert.equal(await shown(page, '.node[data-state="gone"]'), 5);
  const stood = await page.evaluate(() => Array.from({ length: LOOKS }, (_, look) => look).find((look) => look > 120 && audience(look).stands > 0));
  assert.ok(stood, 'without a broadcaster nobody stood');
  await to(page, (stood + 0.5) / 10);
  assert.ok(await shown(page, '.node[data-state="stands"]') > 0);
  assert.ok((await page.locator('.halo').getAttribute('d')).length > 0);
}));

test('explorer: keys alone choose a substream, a viewer and a moment, and all is said', () => look(async (page) => {
  await to(page, 9);
  await page.keyboard.press('2');
  assert.ok(await page.locator('#lanes input[value="1"]').isChecked());
  await page.locator('.node[tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  const child = await page.evaluate(() => Number(document.activeElement.dataset.node));
  assert.equal(await page.evaluate((child) => parentOf(1, lookNow(), child), child), 0);
  await page.keyboard.press('Enter');
  await drawn(page);
  assert.equal(await page.locator('#chosen-title').textContent(), `Viewer ${child}`);
  assert.match(await page.locator('#said').textContent(), new RegExp(`^Viewer ${child} `));
  assert.match(await page.locator(`[data-node="${child}"]`).getAttribute('aria-label'), /fed by the broadcaster, feeds \d+/);
  await page.keyboard.press('ArrowUp');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.node), '0');
  await page.keyboard.press('Escape');
  await drawn(page);
  assert.equal(await page.locator('#chosen-title').textContent(), 'One viewer');
  await page.locator('#slider').focus();
  await page.keyboard.press('ArrowRight');
  await drawn(page);
  assert.match(await page.locator('#slider').getAttribute('aria-valuetext'), /^9\.1 seconds of 16$/);
  await page.keyboard.press('k');
  assert.equal(await page.locator('#play-word').textContent(), 'Pause');
  await page.waitForFunction(() => clock.second > 9.4);
}));

test('explorer: the tale goes through, and a viewer\'s table leads to others', () => look(async (page) => {
  const steps = await page.evaluate(() => tale.length);
  const said = new Set();
  for (let step = 0; step < steps; step += 1) {
    said.add(await page.locator('#story-text').textContent());
    await page.click('#story-next');
  }
  assert.equal(said.size, steps);
  assert.equal(await page.locator('#story-step').textContent(), `1 of ${steps}`);
  await page.evaluate(() => chooseNode(busiest(lookNow())));
  await page.waitForSelector('#chosen-body tbody td:last-child .link');
  const link = page.locator('#chosen-body tbody td:last-child .link').first();
  const name = await link.textContent();
  await link.click();
  await page.waitForFunction((name) => document.querySelector('#chosen-title').textContent === `Viewer ${name}`, name);
}));

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 }, small: { width: 320, height: 640 } };
for (const [name, viewport] of Object.entries(SIZES)) {
  test(`explorer: nothing sticks out or is too small for a finger: ${name}`, () => look(async (page) => {
    await to(page, 10.3);
    await page.evaluate(() => { chooseNode(1); document.querySelector('details').open = true; });
    const faults = await page.evaluate(() => {
      const faults = [];
      if (document.scrollingElement.scrollWidth > innerWidth) faults.push(`the page is ${document.scrollingElement.scrollWidth} wide in ${innerWidth}`);
      for (const element of document.querySelectorAll('body *:not(svg *, .lanes *, .spoken, script)')) {
        const box = element.getBoundingClientRect();
        if (box.width && (box.left < -0.5 || box.right > innerWidth + 0.5)) faults.push(`${element.tagName}.${element.className} from ${box.left} to ${box.right}`);
      }
      for (const target of document.querySelectorAll('.buttons button, .mark, select, .lanes span, #slider')) {
        const box = target.getBoundingClientRect();
        if (Math.min(box.width, box.height) < 43.5) faults.push(`${target.id || target.className} is ${box.width} x ${box.height}`);
      }
      const stage = document.querySelector('#stage').getBoundingClientRect();
      for (const dot of document.querySelectorAll('.node')) {
        const box = dot.getBoundingClientRect();
        if (box.width && (box.left < stage.left || box.right > stage.right || box.top < stage.top || box.bottom > stage.bottom)) faults.push(`viewer ${dot.dataset.node} leaves the picture`);
      }
      return faults;
    });
    assert.deepEqual(faults, []);
  }, { viewport, colorScheme: name === 'phone' ? 'dark' : 'light' }));
}

test('explorer: a hundred viewers fit into a megabyte', () => {
  // By what the small run took, for each viewer and second of it.
  const frame = 40_000;
  const each = (statSync(page()).size - frame) / 16 / 16;
  assert.ok(frame + each * 100 * 60 < 1e6, `${each} bytes for each viewer and second`);
});
