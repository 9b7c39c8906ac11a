// Keeps the screen on while a picture plays, where the browser can.

let held = null;
let wanted = false;

export function keepAwake(playing) {
  wanted = playing;
  if (playing && !held && navigator.wakeLock && document.visibilityState === 'visible') hold();
  if (!playing && held) release();
}

function hold() {
  held = navigator.wakeLock.request('screen').then((lock) => {
    lock.addEventListener('release', () => { held = null; });
    if (!wanted) lock.release();
    return lock;
  }, () => null); // Refused (battery saver): not asked again until the page is loaded anew.
}

function release() {
  held.then((lock) => lock?.release());
}
