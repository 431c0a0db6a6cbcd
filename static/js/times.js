// Keeps "3 min ago" true, and gives the exact times in the visitor's zone.

import { say } from './words.js';

const language = document.documentElement.lang;
const zone = document.body.dataset.zone || undefined;
const exact = new Intl.DateTimeFormat(language, {
  dateStyle: 'medium', timeStyle: 'medium', timeZone: zone,
});
const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', timeZone: zone });

/** The hours and minutes of a moment. */
export const clockTime = (iso) => clock.format(new Date(iso));

/** How long ago a moment was. */
export function relative(at, now = Date.now()) {
  const past = now >= at;
  const seconds = Math.floor(Math.abs(now - at) / 1000);
  const [n, unit] = seconds < 60 ? [seconds, 's']
    : seconds < 3600 ? [Math.floor(seconds / 60), 'm']
    : seconds < 172800 ? [Math.floor(seconds / 3600), 'h']
    : [Math.floor(seconds / 86400), 'd'];
  return say(`${past ? 'ago' : 'in'}-${unit}`, n);
}

/** Freshens every time below a place. */
export function freshenTimes(root = document) {
  for (const time of root.querySelectorAll('time[datetime]')) {
    const at = new Date(time.dateTime);
    const text = time.hasAttribute('data-clock') ? clock.format(at)
      : time.hasAttribute('data-exact') ? exact.format(at) : relative(at.getTime());
    if (time.textContent !== text) time.textContent = text;
    time.title = exact.format(at);
  }
}

/** Fills in the inputs that hold a time of the visitor's, and sends them with their offset. */
function localInputs() {
  for (const input of document.querySelectorAll('input[type="datetime-local"]')) {
    if (zone) continue; // The server knows the zone and has done it.
    if (input.value) input.value = toLocal(new Date(`${input.value}Z`));
    input.form?.addEventListener('formdata', (event) => {
      const value = event.formData.get(input.name);
      if (value) event.formData.set(input.name, new Date(value).toISOString());
    });
  }
}

function toLocal(at) {
  const two = (n) => String(n).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
    + `T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export function startTimes() {
  localInputs();
  freshenTimes();
  setInterval(() => { if (!document.hidden) freshenTimes(); }, 1000);
}
