// The page's words in the reader's language, and numbers as people say them.

import de from '../words/de.js';
import en from '../words/en.js';
import es from '../words/es.js';

export const LANGUAGES = { en, de, es };

let language = 'en';
let plural = new Intl.PluralRules('en');
let whole = new Intl.NumberFormat('en');
let tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** Takes the first language that we speak; says it to the document, so that it is read out rightly. */
export function chooseLanguage(wanted) {
  const spoken = wanted.find((tag) => LANGUAGES[tag.slice(0, 2)]) ?? 'en';
  language = spoken.slice(0, 2);
  plural = new Intl.PluralRules(language);
  whole = new Intl.NumberFormat(spoken);
  tenths = new Intl.NumberFormat(spoken, { maximumFractionDigits: 1 });
  document.documentElement.lang = spoken;
}

/** The word for `key`; `{name}` is filled from `values`, a plural is chosen by `values.n`. */
export function say(key, values = {}) {
  let words = LANGUAGES[language][key] ?? LANGUAGES.en[key] ?? key;
  if (typeof words === 'object') words = words[plural.select(values.n)] ?? words.other;
  return words.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === 'number' ? whole.format(value) : (value ?? '');
  });
}

/** Whether there is a word for `key`. */
export const knows = (key) => key in LANGUAGES.en;

/** Whole megabytes under 1,000 MB, then gigabytes (1 GB = 1,000 MB). */
export function amount(bytes) {
  const mega = bytes / 1e6;
  if (mega < 999.5) return `${whole.format(Math.round(mega))} MB`;
  return `${tenths.format(mega / 1000)} GB`;
}

/** Megabytes a minute of a bit rate; below ten with a tenth, so that a little isn't nothing. */
export function perMinute(bitsPerSecond) {
  const mega = (bitsPerSecond * 60) / 8 / 1e6;
  return `${mega < 10 ? tenths.format(mega) : whole.format(Math.round(mega))} MB`;
}

/** A bit rate, only for the technical details. */
export function rate(bitsPerSecond) {
  if (bitsPerSecond < 1e6) return `${whole.format(Math.round(bitsPerSecond / 1000))} kbit/s`;
  return `${tenths.format(bitsPerSecond / 1e6)} Mbit/s`;
}

/** Exact to 999, then two figures: "about 1,200". */
export function people(count) {
  if (count < 1000) return whole.format(count);
  const step = 10 ** (Math.floor(Math.log10(count)) - 1);
  return say('about', { n: Math.round(count / step) * step });
}

/** "12 watching". */
export function watching(count) {
  return say('watching', { n: count }).replace(whole.format(count), people(count));
}

/** Milliseconds for the technical details. */
export const millis = (ms) => `${whole.format(Math.round(ms))} ms`;

/** A plain number. */
export const figure = (number) => tenths.format(number);

/** "12:41", or "1:02:41". */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  const hours = Math.floor(seconds / 3600);
  if (hours) parts.unshift(hours);
  return parts.map((part, i) => (i ? String(part).padStart(2, '0') : part)).join(':');
}
