// Selecting rows for an action on many jobs.

import { say } from './words.js';

let form = null;

export function startBulk() {
  form = document.querySelector('[data-bulk]');
  if (!form?.querySelector('[name="action"]')) return;
  form.addEventListener('change', (event) => {
    if (event.target.matches('[data-pick-page]')) {
      for (const box of boxes()) box.checked = event.target.checked;
    }
    show();
  });
  addEventListener('pageshow', show);
  show();
}

const boxes = () => form.querySelectorAll('input[name="id"]');

/** Selects a row, or no longer. */
export function toggle(row) {
  const box = row?.querySelector('input[name="id"]');
  if (!box) return;
  box.checked = !box.checked;
  show();
}

function show() {
  const all = form.querySelector('[data-all]').checked;
  const picked = [...boxes()].filter((box) => box.checked).length;
  for (const box of boxes()) {
    if (box.checked) box.closest('tr').setAttribute('aria-selected', 'true');
    else box.closest('tr').removeAttribute('aria-selected');
  }
  const page = form.querySelector('[data-pick-page]');
  page.checked = picked > 0 && picked === boxes().length;
  page.indeterminate = picked > 0 && !page.checked;
  form.querySelector('[data-selected]').textContent = picked && !all ? say('selected', picked) : '';
  for (const button of form.querySelectorAll('[name="action"]')) button.disabled = !all && picked === 0;
}
