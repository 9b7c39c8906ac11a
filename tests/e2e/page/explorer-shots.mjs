// Takes pictures of a run's page, one for each step of its tale: `node tests/e2e/page/explorer-shots.mjs PAGE DIR`.

import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { browse, open, pass } from './harness.mjs';

const [page, dir = 'shots'] = process.argv.slice(2);
const KINDS = {
  light: { viewport: { width: 1280, height: 840 } },
  dark: { viewport: { width: 1280, height: 840 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, isMobile: true, deviceScaleFactor: 2 },
};

mkdirSync(dir, { recursive: true });
const chrome = await browse();
try {
  for (const [kind, context] of Object.entries(KINDS)) {
    const shown = await open(await chrome.context(context), pathToFileURL(resolve(page)).href);
    for (let step = 1; step <= await shown.evaluate(() => tale.length); step += 1) {
      // Dots glide to their places; in the last step what follows a fault takes its time.
      await pass(step === 5 ? 5000 : 1500);
      await shown.screenshot({ path: join(dir, `explorer-${kind}-${step}.png`) });
      await shown.click('#story-next');
    }
  }
} finally {
  await chrome.close();
}
