// The list of jobs: rows stay where they are and say what is new; new jobs announce themselves.

import { onFresh } from './regions.js';
import { freshenTimes } from './times.js';
import { say } from './words.js';

const shown = new Set();
const fresh = new Set();

export function startRows() {
  for (const row of rows()) shown.add(Number(row.dataset.job));
  onFresh(update);
}

const rows = () => document.querySelectorAll('table.jobs tbody tr[data-job]');

/** Notes jobs that are not shown yet. */
export function announce(frames) {
  const newest = Math.max(0, ...shown);
  for (const frame of frames) {
    if (frame.type === 'state' && frame.job_id > newest) fresh.add(frame.job_id);
  }
  const place = document.querySelector('[data-fresh]');
  if (!place || fresh.size === 0) return;
  place.hidden = false;
  place.querySelector('a').textContent = say('new-jobs', fresh.size);
}

/** Takes over what the server says of the rows that are shown. */
function update(page) {
  const now = new Map();
  for (const row of page.querySelectorAll('table.jobs tbody tr[data-job]')) now.set(row.dataset.job, row);
  for (const row of rows()) {
    const other = now.get(row.dataset.job);
    // It may have left the list, or only gone to the next page.
    if (!other) continue;
    for (const cell of row.querySelectorAll('[data-cell]')) {
      const new_cell = other.querySelector(`[data-cell="${cell.dataset.cell}"]`);
      if (new_cell && cell.innerHTML !== new_cell.innerHTML) cell.replaceChildren(...new_cell.childNodes);
    }
    freshenTimes(row);
  }
}
