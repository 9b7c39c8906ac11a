// The replay's clock, its slider and buttons, and the strip that shows the whole run.

const slider = byId('slider');
const clock = { second: 0, playing: false, speed: 1, last: null };

const lookNow = () => Math.max(0, Math.min(LOOKS - 1, Math.floor(clock.second * run.looks)));

function play(on) {
  if (on && clock.second >= run.seconds - 0.05) clock.second = 0;
  clock.playing = on;
  byId('play-word').textContent = on ? 'Pause' : 'Play';
  byId('play-icon').setAttribute('d', on ? 'M7 5h4v14H7zM13 5h4v14h-4z' : 'M8 5l12 7-12 7z');
  wake();
}

function seek(second) {
  clock.second = Math.max(0, Math.min(run.seconds, second));
  wake();
}

function setSpeed(speed) {
  clock.speed = speed;
  byId('speed').value = String(speed);
}

/** Draws until nothing moves any more. */
let asleep = true;
function wake() {
  if (!asleep) return;
  asleep = false;
  clock.last = null;
  requestAnimationFrame(frame);
}

let told = { look: -1, key: '' };

function frame(now) {
  const passed = clock.last === null ? 16 : Math.min(100, now - clock.last);
  clock.last = now;
  if (clock.playing) {
    clock.second += passed / 1000 * clock.speed;
    if (clock.second >= run.seconds) {
      clock.second = run.seconds;
      play(false);
    }
  }
  const look = lookNow();
  const moving = draw(look, now, passed);
  tell(look);
  if (clock.playing || moving) requestAnimationFrame(frame);
  else asleep = true;
}

/** Words follow the picture: the numbers at every look, names of dots once a second or at rest. */
function tell(look) {
  const key = `${view.lane} ${view.chosen}`;
  if (told.look === look && told.key === key) return;
  const often = clock.playing && told.key === key;
  if (!often || Math.floor(look / run.looks) !== Math.floor(told.look / run.looks)) nameDots(look);
  told = { look, key };
  slider.value = look;
  slider.setAttribute('aria-valuetext', `${(look / run.looks).toFixed(1)} seconds of ${run.seconds}`);
  byId('moment').textContent = `${(look / run.looks).toFixed(1)} s of ${run.seconds} s`;
  byId('corner').textContent = view.lane === ALL ? `all ${run.lanes.length} substreams` : `substream ${laneName(run.lanes[view.lane])}`;
  showNumbers(look);
  showChosen(look);
}

/** The audience over the run, and in red how many pictures stood. */
function drawStrip() {
  const step = Math.max(1, Math.floor(LOOKS / 300));
  const counts = [];
  for (let look = 0; look < LOOKS; look += step) counts.push(audience(look));
  const most = Math.max(1, ...counts.map((count) => count.here));
  const strip = byId('strip');
  strip.setAttribute('viewBox', `0 0 ${counts.length - 1} 1`);
  const area = (name, height) => {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('class', name);
    path.setAttribute('d', `M0 1${counts.map((count, x) => `L${x} ${(1 - height(count) / most).toFixed(3)}`).join('')}L${counts.length - 1} 1z`);
    strip.append(path);
  };
  area('here', (count) => count.here);
  area('waiting', (count) => count.stands + count.waits);
  area('standing', (count) => count.stands);
}

function addMarks() {
  for (const { second, what } of run.marks) {
    const button = element('button', { type: 'button', class: 'mark' }, element('b', {}, `${second} s`), ` ${what}`);
    button.addEventListener('click', () => { seek(second - 0.5); play(true); });
    byId('marks').append(button);
    const flag = document.createElementNS(SVG, 'path');
    flag.setAttribute('class', 'flag');
    const x = second / run.seconds * byId('strip').viewBox.baseVal.width;
    flag.setAttribute('d', `M${x} 0V1`);
    byId('strip').append(flag);
  }
}

slider.max = LOOKS - 1;
slider.addEventListener('input', () => { play(false); seek((Number(slider.value) + 0.5) / run.looks); });
slider.addEventListener('change', () => say(momentSentence(lookNow())));
byId('speed').addEventListener('change', (event) => setSpeed(Number(event.target.value)));
byId('play').addEventListener('click', () => {
  play(!clock.playing);
  if (!clock.playing) say(momentSentence(lookNow()));
});
