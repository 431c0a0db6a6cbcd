// Parts of a page that are replaced by what the server says now: the page is asked for again, and
// each region whose content has changed takes the new one.

import { freshenTimes } from './times.js';

const AT_MOST_EVERY = 1500;

let last = 0;
let timer = 0;
let running = false;
const listeners = [];

/** Calls `listener` with each fresh document. */
export const onFresh = (listener) => listeners.push(listener);

/** Asks for a refresh soon; many asks make one refresh. */
export function refresh() {
  if (timer || document.hidden) return;
  timer = setTimeout(run, Math.max(0, last + AT_MOST_EVERY - Date.now()));
}

document.addEventListener('visibilitychange', () => { if (!document.hidden) refresh(); });

async function run() {
  timer = 0;
  if (running) return;
  running = true;
  try {
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } });
    // Whoever is not signed in any more is led to where they can.
    if (answer.redirected) location.reload();
    else if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), 'text/html'));
  } catch {
    // The socket says that the server is away, and asks again when it is back.
  } finally {
    running = false;
    last = Date.now();
  }
}

function take(fresh) {
  const found = new Map();
  for (const region of fresh.querySelectorAll('[data-live]')) found.set(region.dataset.live, region);
  for (const region of document.querySelectorAll('[data-live]')) {
    const now = found.get(region.dataset.live);
    // What a visitor is about to use stays under their hands.
    if (!now || region.contains(document.activeElement) || region.matches(':hover') && region.querySelector('button')) continue;
    if (region.getHTML?.() === now.innerHTML || region.innerHTML === now.innerHTML) continue;
    const open = [...region.querySelectorAll('details')].map((d) => d.open);
    region.replaceChildren(...now.childNodes);
    [...region.querySelectorAll('details')].forEach((d, i) => { d.open = open[i] ?? d.open; });
    freshenTimes(region);
  }
  for (const listener of listeners) listener(fresh);
}
