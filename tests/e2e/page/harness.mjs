// Starts the page's server with its ffmpeg picture, and Chromium, for the tests and the screenshots.

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
  '--disable-component-update', '--disable-sync',
];

/** The example's program: `MANYHANDS_PAGE`, or built here. */
export function program() {
  if (process.env.MANYHANDS_PAGE) return process.env.MANYHANDS_PAGE;
  const options = ['build', '-q', '-p', 'manyhands', '--example', 'page', '--message-format=json'];
  const lines = execFileSync('cargo', options, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  const made = lines.filter(Boolean).map((line) => JSON.parse(line)).find((line) => line.executable && line.target.name === 'page');
  return made.executable;
}

/** The server: `url`, `tell(order)`, `commands` that the page gave, `stop()`. */
export async function serve(options = []) {
  const child = spawn(program(), options, { stdio: ['pipe', 'pipe', 'inherit'] });
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

/** A browser with nothing in it; `sound` lets pictures start with sound. */
export async function browse({ sound = false, flags = [] } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'manyhands-page-'));
  const args = [...FLAGS, ...flags];
  if (sound) args.push('--autoplay-policy=no-user-gesture-required');
  const context = async (options = {}) => browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', ...options });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args, headless: true });
  return {
    browser,
    context,
    close: async () => {
      await browser.close();
      rmSync(dir, { recursive: true, force: true });
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
export const playing = (page) => page.waitForFunction(() => window.manyhands?.started && window.manyhands.currentTime > 0 && window.manyhands.still < 0.3 && window.manyhands.shown === null);
