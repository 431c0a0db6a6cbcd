// Reads a chart's bar under the pointer.

export function startCharts() {
  document.addEventListener('pointerover', (event) => {
    const bar = event.target.closest?.('.chart g[data-read]');
    if (bar) readout(bar).textContent = bar.dataset.read;
  });
  document.addEventListener('pointerout', (event) => {
    const bar = event.target.closest?.('.chart g[data-read]');
    if (bar && !event.relatedTarget?.closest?.('.chart')) readout(bar).textContent = '';
  });
}

const readout = (bar) => bar.closest('.chart').parentElement.querySelector('[data-readout]');
