// Which of the states of SCREENS part 4 the page shows, from what the program says and what the
// player sees. The program decides; the page only waits with bad news while the picture still moves.

/** Kinds that stand over the picture. `gone`: the picture and its sound are taken away at once.
 *  `lost`: said at once by a screen reader. */
const KINDS = {
  joining: { icon: null },
  waiting: { icon: 'clock' },
  paused: { icon: 'pause_round' },
  camera_off: { icon: 'camera_struck' },
  broadcaster_silent: { icon: 'phone_struck', lost: true, replay: true, longAfter: 600 },
  cut_off: { icon: 'computer_struck', lost: true, actions: ['try_now'] },
  no_network: { icon: 'computer_struck', lost: true, actions: ['try_now'] },
  ended: { icon: 'ended', lost: true, replay: true },
  revoked: { icon: 'envelope', gone: true, lost: true },
  expired: { icon: 'envelope', gone: true, lost: true },
  device_limit: { icon: 'envelope', gone: true, lost: true },
  unreachable: { icon: 'globe_struck', lost: true, actions: ['try_now'] },
  newer_version: { icon: 'arrow_up', gone: true },
  damaged_link: { icon: 'torn_link', gone: true },
  full: { icon: 'people', actions: ['lend_action'] },
  decode_failed: { icon: 'camera_struck', actions: ['try_now'] },
  page_lost: { icon: 'computer_struck', lost: true, actions: ['try_now'] },
};

/** Seconds of a picture that stands before it is more than "Catching up…". */
export const STILL_LONG = 5;
export const STILL_SHORT = 0.5;

export const kindOf = (name) => KINDS[name] ?? { icon: 'clock', unknown: true };

/** The kind to show over the picture, or `null` for the picture alone. */
export function decide({ program, connected, failed, started, still, hasPicture, replaying }) {
  const kind = kindOf(program);
  if (kind.gone) return program;
  if (replaying && still < STILL_SHORT) return null;
  if (failed) return 'decode_failed';
  const moving = started && still < STILL_SHORT;
  if (program === 'camera_off' || (moving && !hasPicture)) return 'camera_off';
  if (moving) return null;
  if (program === 'ended') return 'ended';
  if (!connected) return 'page_lost';
  if (program !== 'playing') return program;
  if (!started) return 'joining';
  return still >= STILL_LONG ? 'cut_off' : null;
}
