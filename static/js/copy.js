// Buttons that copy a JSON document.

import { say } from './words.js';

export function startCopy() {
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.hidden = !navigator.clipboard;
    button.addEventListener('click', async (event) => {
      event.preventDefault();
      const body = button.closest('.json').querySelector('[data-json-body]');
      await navigator.clipboard.writeText(write(body));
      button.textContent = say('copied');
      setTimeout(() => { button.textContent = say('copy'); }, 1500);
    });
  }
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
