// The pace by itself: how fast, when to jump, how much reserve. Without a clock of its own.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from './tests.mjs';

const source = readFileSync(new URL('../../../desktop/page/js/pace.js', import.meta.url));
const { Reserve, pace } = await import(`data:text/javascript;base64,${source.toString('base64')}`);

test('the pace stays within its limits and jumps only beyond them', () => {
  for (let error = -3; error <= 3; error += 0.01) {
    const { jump, rate } = pace(error);
    assert.equal(jump, error > 1.5, `${error}`);
    if (jump) continue;
    if (error > 0.3) assert.equal(rate, 1.1);
    else if (error < -0.3) assert.equal(rate, 0.96);
    else assert.ok(rate >= 0.97 && rate <= 1.03, `${error}: ${rate}`);
    assert.ok(error * (rate - 1) >= 0, 'it never goes the wrong way');
  }
  assert.equal(pace(0.02).rate, 1);
});

/** Samples each 0.1 s from `start` for `seconds`. */
const feed = (reserve, start, seconds, left) => {
  for (let at = start; at < start + seconds; at += 0.1) reserve.sample(at, left(at));
};

test('the reserve shrinks while it is calm, grows at once when it runs out', () => {
  const reserve = new Reserve();
  const first = reserve.wanted;
  feed(reserve, 10, 60, () => reserve.wanted);
  const calm = reserve.wanted;
  assert.ok(calm < first, `${calm} after ${first}`);
  feed(reserve, 70, 0.3, () => 0);
  assert.ok(reserve.wanted > calm);
  const grown = reserve.wanted;
  feed(reserve, 70.3, 5, () => 0.5);
  assert.equal(reserve.wanted, grown, 'it is not tried again at once');
});

test('a pause of the source is not taken for jitter', () => {
  const reserve = new Reserve();
  feed(reserve, 10, 2, () => 0.2);
  const before = reserve.wanted;
  reserve.starved();
  reserve.sample(30, 0);
  assert.equal(reserve.wanted, before);
  assert.equal(reserve.low(), null);
});

test('the reserve is bounded whatever happens', () => {
  const reserve = new Reserve();
  feed(reserve, 10, 600, () => 0);
  assert.ok(reserve.wanted <= 1.2);
  feed(reserve, 610, 3000, () => 10);
  assert.ok(reserve.wanted >= 0.1 && reserve.wanted < 0.3, `${reserve.wanted}`);
});
