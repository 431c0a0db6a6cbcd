// Reads a chart's bar under the pointer.

import { clockTime } from './times.js';

export function startCharts() {
  document.addEventListener('pointerover', (event) => {
    const bar = event.target.closest?.('.chart g[data-read]');
    if (!bar) return;
    const { at, read } = bar.dataset;
    readout(bar).textContent = at ? `${clockTime(at)} · ${read}` : read;
  });
  document.addEventListener('pointerout', (event) => {
    const bar = event.target.closest?.('.chart g[data-read]');
    if (bar && !event.relatedTarget?.closest?.('.chart')) readout(bar).textContent = '';
  });
}

const readout = (bar) => bar.closest('.chart').parentElement.querySelector('[data-readout]');
