// Starts the page's server with its ffmpeg picture, and Chromium, for the tests and the screenshots.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage',
];

/** ffmpeg's pictures are made once a run. */
const CLIPS = mkdtempSync(join(tmpdir(), 'manyhands-clips-'));
process.on('exit', () => rmSync(CLIPS, { recursive: true, force: true }));

/** The example's program: `MANYHANDS_PAGE`, or built here. */
let built = process.env.MANYHANDS_PAGE;
export function program() {
  if (built) return built;
  const options = ['build', '-q', '-p', 'manyhands', '--example', 'page', '--message-format=json'];
  const lines = execFileSync('cargo', options, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  const made = lines.filter(Boolean).map((line) => JSON.parse(line)).find((line) => line.executable && line.target.name === 'page');
  built = made.executable;
  return built;
}

/** The server: `url`, `tell(order)`, `commands` that the page gave, `stop()`. */
export async function serve(options = []) {
  const child = spawn(program(), ['--clips', CLIPS, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const commands = [];
  const url = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the page's program ended with ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.url) resolve(said.url);
      else commands.push(said.command);
    });
  });
  child.removeAllListeners('exit');
  const gone = new Promise((resolve) => child.once('exit', resolve));
  return {
    url,
    commands,
    child,
    tell: (order) => child.stdin.write(`${JSON.stringify(order)}\n`),
    stop: async () => {
      child.kill('SIGCONT');
      child.kill();
      await gone;
    },
  };
}

/** A browser with a fresh profile (Playwright makes and removes it); `sound` lets pictures start with sound. */
export async function browse({ sound = false, flags = [] } = {}) {
  const args = [...FLAGS, ...flags];
  if (sound) args.push('--autoplay-policy=no-user-gesture-required');
  const context = async (options = {}) => browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args, headless: true });
  return {
    browser,
    context,
    close: async () => {
      await browser.close();
    },
  };
}

/** A page that notes every console error, warning and exception. */
export async function open(context, url) {
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  await page.goto(url);
  return page;
}

/** Waits until a picture plays. */
export const playing = (page) => page.waitForFunction(() => window.manyhands?.firstPicture && !document.querySelector('video').paused && window.manyhands.currentTime > 0 && window.manyhands.still < 0.3 && window.manyhands.shown === null);

/** Serves, browses and opens one page for `use`, and clears all away again. The page must not have
 *  complained about anything but `expected`. */
export async function withPage(use, { program = [], browser = {}, context = {}, search = '', expected = [] } = {}) {
  const server = await serve(program);
  const chrome = await browse(browser);
  try {
    const page = await open(await chrome.context(context), server.url + search);
    await use(page, server, chrome);
    const unexpected = page.complaints.filter((text) => !expected.some((part) => text.includes(part)));
    assert.deepEqual(unexpected, []);
  } finally {
    await chrome.close();
    await server.stop();
  }
}

/** A reading of `window.manyhands`. */
export const reading = (page, name) => page.evaluate((name) => window.manyhands[name], name);

/** How the page played for some seconds: `off`, by how much the picture ran ahead of the wall clock, and
 *  the readings, four a second. `late` is what it was behind the program's target and its own reserve. */
export async function watched(page, seconds) {
  const rows = await page.evaluate(async (seconds) => {
    const rows = [];
    for (let i = 0; i <= seconds * 4; i += 1) {
      const { currentTime: time, ahead, still, latency, target, reserve } = manyhands;
      rows.push({ at: performance.now() / 1000, time, ahead, still, late: latency - target - reserve });
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    return rows;
  }, seconds);
  const [first, last] = [rows[0], rows.at(-1)];
  const of = (name) => rows.map((row) => row[name]);
  return { off: (last.time - first.time) - (last.at - first.at), of };
}

/** Time that must pass for what is tested (never to wait for something to happen). */
export const pass = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
