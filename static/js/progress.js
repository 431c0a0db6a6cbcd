// Shows states and progress of jobs as their events come.

import { number, say } from './words.js';

/** Applies a batch of frames to whatever on the page is about their jobs. */
export function apply(frames) {
  const latest = new Map();
  for (const frame of frames) {
    if (frame.type === 'snapshot') latest.set(`p${frame.job.id}`, { ...frame.job.progress, type: 'progress', job_id: frame.job.id });
    if (frame.type === 'progress') latest.set(`p${frame.job_id}`, frame);
    if (frame.type === 'state') {
      latest.set(`s${frame.job_id}`, frame);
      latest.delete(`p${frame.job_id}`);
    }
  }
  for (const frame of latest.values()) {
    for (const place of document.querySelectorAll(`[data-job="${Number(frame.job_id)}"]`)) {
      if (frame.type === 'progress') showProgress(place, frame);
      else showState(place, frame.state);
    }
  }
}

function showProgress(place, { percent, message, processed, total }) {
  const bar = place.querySelector('progress');
  if (bar) bar.value = percent;
  text(place.querySelector('[data-percent]'), `${number(Math.round(percent))} %`);
  text(place.querySelector('[data-message]'), message ?? '');
  const count = total ? `${number(processed)} / ${number(total)}` : number(processed);
  text(place.querySelector('[data-count]'), processed ? count : '');
}

function showState(place, state) {
  const badge = place.querySelector('[data-cell="state"] .badge');
  if (!badge) return;
  badge.dataset.state = state;
  text(badge, say(`is-${state}`));
}

function text(element, value) {
  if (element && element.textContent !== value) element.textContent = value;
}
