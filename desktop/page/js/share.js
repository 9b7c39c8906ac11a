// Inviting others: the link is asked for when it is shown, and is in no address or history.

import { toast } from './announce.js';
import { byId, setHidden } from './dom.js';
import { post } from './post.js';
import { say } from './words.js';

export class Share {
  #link = null;
  #asked = 0;
  #allowed = true;

  constructor() {
    byId('share-open').addEventListener('click', () => this.open());
    byId('share-copy').addEventListener('click', () => this.#copy());
    byId('share-system').addEventListener('click', () => this.#system());
  }

  /** Asks for the link until there is one; the program may know it later than the page. */
  async load() {
    if (this.#link || performance.now() - this.#asked < 3000) return;
    this.#asked = performance.now();
    const answer = await post('link', {});
    const told = await answer?.json();
    if (!told?.link) return;
    this.#link = told.link;
    const drawn = told.qr && new DOMParser().parseFromString(told.qr, 'image/svg+xml').documentElement;
    if (drawn?.localName === 'svg') byId('code').replaceChildren(document.importNode(drawn, true));
    setHidden(byId('code'), !drawn);
    this.allow(this.#allowed);
    setHidden(byId('share-system'), !navigator.share);
    byId('share-copy').classList.toggle('primary', !navigator.share);
  }

  /** Hides the panel while the link is of no use to anybody. */
  allow(allowed) {
    this.#allowed = allowed;
    const hidden = !allowed || !this.#link;
    setHidden(byId('share'), hidden);
    setHidden(byId('share-open'), hidden);
  }

  /** On a phone the system's own sheet; else the panel with code and link. */
  open() {
    if (!this.#link || !this.#allowed) return;
    if (navigator.share && matchMedia('(pointer: coarse)').matches) {
      this.#system();
      return;
    }
    byId('share').scrollIntoView({ block: 'nearest' });
    byId('share-copy').focus();
  }

  #system() {
    // Changing one's mind is not an error.
    navigator.share({ text: say('share_text', { link: this.#link }) }).catch(() => {});
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.#link);
    } catch {
      copyByHand(this.#link);
    }
    toast(say('copied'));
  }
}

/** Where the page isn't on loopback a browser has no clipboard for it. */
function copyByHand(text) {
  const field = document.createElement('textarea');
  field.value = text;
  field.className = 'spoken';
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
