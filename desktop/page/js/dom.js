// Small hands for the document. Text is only ever set as text, never as markup.

import { icon } from './icons.js';
import { say } from './words.js';

export const byId = (id) => document.getElementById(id);

/** Sets what changed only, so that a screen reader and the layout aren't disturbed. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** The spoken name and the tip of a control. */
export function setLabel(element, text) {
  setAttribute(element, 'aria-label', text);
  if (element.matches('button, input')) setAttribute(element, 'title', text);
}

export function setIcon(element, name) {
  if (element.dataset.shown === name) return;
  element.dataset.shown = name;
  element.replaceChildren(icon(name));
}

/** An element with attributes and children. */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The same for drawings. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Fills the words and icons that the page's markup names. */
export function fillWords(root = document) {
  for (const element of root.querySelectorAll('[data-word]')) setText(element, say(element.dataset.word));
  for (const element of root.querySelectorAll('[data-label]')) setLabel(element, say(element.dataset.label));
  for (const element of root.querySelectorAll('[data-icon]')) setIcon(element, element.dataset.icon);
}
