// The page in a real browser: `node tests/e2e/page/run.mjs [part of a name]`. Needs ffmpeg and Chromium.

import './pace.mjs';
import './playing.mjs';
import './trouble.mjs';
import './states.mjs';
import './controls.mjs';
import './hand.mjs';
import './layout.mjs';
import './hostile.mjs';
import './explorer.mjs';
import { runAll } from './tests.mjs';

process.exit((await runAll(process.argv[2])) ? 0 : 1);
