// A list of named behaviours and a way to run them one after another.

const all = [];

/** Declares a behaviour; `run` throws when it doesn't hold. */
export const test = (name, run) => all.push({ name, run });

/** Runs what was declared (or what contains `only`) and says how it went; never tries twice. */
export async function runAll(only = '') {
  let [passed, failed] = [0, 0];
  for (const { name, run } of all.filter(({ name }) => name.includes(only))) {
    const started = performance.now();
    try {
      await run();
      passed += 1;
      console.log(`ok      ${name} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n        ${String(error?.stack ?? error).replaceAll('\n', '\n        ')}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}
