// Which of the states of SCREENS part 4 the page shows, from what the program says and what the
// player sees. The program decides; the page only waits with bad news while the picture still moves.

/** Kinds that stand over the picture. `gone`: the picture and its sound are taken away at once.
 *  `quiet`: who watches isn't known or doesn't matter now. `lost`: said at once by a screen reader. */
const KINDS = {
  joining: { icon: null },
  waiting: { quiet: true, icon: 'clock' },
  paused: { icon: 'pause_round' },
  camera_off: { icon: 'camera_struck' },
  broadcaster_silent: { quiet: true, icon: 'phone_struck', lost: true, replay: true, longAfter: 600 },
  cut_off: { quiet: true, icon: 'computer_struck', lost: true, actions: ['try_now'] },
  no_network: { quiet: true, icon: 'computer_struck', lost: true, actions: ['try_now'] },
  ended: { quiet: true, icon: 'ended', lost: true, replay: true },
  interrupted: { quiet: true, icon: 'computer_struck', lost: true },
  revoked: { quiet: true, icon: 'envelope', gone: true, lost: true },
  expired: { quiet: true, icon: 'envelope', gone: true, lost: true },
  device_limit: { quiet: true, icon: 'envelope', gone: true, lost: true },
  unreachable: { quiet: true, icon: 'globe_struck', lost: true, actions: ['try_now'] },
  newer_version: { quiet: true, icon: 'arrow_up', gone: true },
  damaged_link: { quiet: true, icon: 'torn_link', gone: true },
  full: { icon: 'people', actions: ['lend_action'] },
  decode_trouble: { icon: 'camera_struck' },
  decode_failed: { icon: 'camera_struck', actions: ['try_now'] },
  page_lost: { quiet: true, icon: 'computer_struck', lost: true, actions: ['try_now'] },
};

/** Seconds that a picture stands: before anything is said, before the program counts as lost, and
 *  before it is more than "Catching up…". */
export const STILL_SHORT = 0.5;
const STILL_LOST = 2;
const STILL_LONG = 5;

export const kindOf = (name) => KINDS[name] ?? { icon: 'clock', unknown: true };

/** The kind to show over the picture, or `null` for the picture alone. */
export function decide({ program, connected, failed, troubled, hadPicture, still, hasPicture, replaying }) {
  if (kindOf(program).gone) return program;
  const moving = hadPicture && still < STILL_SHORT;
  if (replaying && moving) return null;
  if (failed) return 'decode_failed';
  if (troubled) return 'decode_trouble';
  if (program === 'camera_off' || (moving && !hasPicture)) return 'camera_off';
  if (moving) return null;
  if (program === 'ended') return 'ended';
  if (!connected) return hadPicture && still < STILL_LOST ? null : 'page_lost';
  if (program !== 'playing') return program;
  if (!hadPicture) return 'joining';
  return still >= STILL_LONG ? 'cut_off' : null;
}
