// The keyboard: / searches, j and k move, x selects, Enter opens, ? helps.

import { toggle } from './bulk.js';
import { at } from './place.js';

const ROWS = 'table tbody tr, .groups > li, .cards > li, .workers li, .failures li';

let cursor = null;

export function startKeys() {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.matches('input:not([type="checkbox"]), textarea, select')) {
      if (event.key === 'Escape') event.target.blur();
      return;
    }
    if (document.querySelector('dialog[open]')) return;
    const act = actions[event.key];
    if (act?.() === true) event.preventDefault();
  });
}

const actions = {
  '/': () => {
    const search = document.querySelector('[data-search]');
    if (search) search.focus();
    else location.assign(at('/jobs#search'));
    return true;
  },
  j: () => move(1),
  k: () => move(-1),
  x: () => { toggle(cursor); return cursor !== null; },
  Enter: () => {
    if (!cursor?.isConnected || document.activeElement?.matches('a, button, summary, input')) return false;
    cursor.querySelector('a')?.click();
    return true;
  },
  '?': () => { document.querySelector('[data-help]').showModal(); return true; },
};

function move(by) {
  const rows = [...document.querySelectorAll(ROWS)];
  if (rows.length === 0) return false;
  const at = cursor ? rows.indexOf(cursor) : -1;
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  cursor?.removeAttribute('data-cursor');
  cursor = next;
  cursor.setAttribute('data-cursor', '');
  cursor.scrollIntoView({ block: 'nearest' });
  cursor.querySelector('a')?.focus({ preventScroll: true });
  return true;
}
