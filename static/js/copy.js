// Buttons that copy a JSON document. They may come later than this script, with a fresh region.

import { say } from './words.js';

export function startCopy() {
  if (!navigator.clipboard) return;
  document.documentElement.dataset.copies = '';
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(write(button.closest('.json').querySelector('[data-json-body]')));
    button.textContent = say('copied');
    setTimeout(() => { button.textContent = say('copy'); }, 1500);
  });
}

/** The document in the lines of a view: commas go where one value follows another. */
function write(body) {
  const parts = [];
  for (const child of body.children) {
    if (child.matches('details')) {
      const [head, inner, end] = child.children;
      parts.push(`${head.textContent.trim()}${write(inner)}${end.textContent}`);
    } else {
      parts.push(child.textContent);
    }
  }
  return parts.join(',');
}
