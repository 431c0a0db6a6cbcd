// Tries the calls of the page that describes them, and finds them.

import { say } from './words.js';

export function startDocs() {
  for (const hidden of document.querySelectorAll('[data-docs-send], [data-docs-find]')) hidden.hidden = false;
  const find = document.querySelector('[data-docs-find]');
  find.addEventListener('submit', (event) => event.preventDefault());
  document.getElementById('docs-find').addEventListener('input', (event) => narrow(event.target.value));
  document.addEventListener('submit', (event) => {
    if (!event.target.matches('[data-docs-try]')) return;
    event.preventDefault();
    send(event.target);
  });
  open();
  window.addEventListener('hashchange', open);
}

/** Opens the call that the address names. */
function open() {
  const call = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (call?.matches('.docs-call')) call.open = true;
}

function narrow(text) {
  const words = text.toLowerCase().split(/\s+/);
  for (const group of document.querySelectorAll('[data-docs-group]')) {
    for (const call of group.querySelectorAll('[data-docs-call]')) {
      const about = call.dataset.docsCall.toLowerCase();
      call.hidden = !words.every((word) => about.includes(word));
    }
    group.hidden = !group.querySelector('[data-docs-call]:not([hidden])');
  }
}

/** The path with what was filled in, and the query. */
function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const input of form.querySelectorAll('[data-in]')) {
    if (input.dataset.in === 'path') path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    // A parameter that may be repeated takes its values with commas between.
    else if (input.value) for (const value of input.value.split(',')) query.append(input.name, value.trim());
  }
  return query.size ? `${path}?${query}` : path;
}

async function send(form) {
  const headers = { Accept: 'application/json' };
  const token = document.getElementById('docs-token').value;
  if (token) headers.Authorization = `Bearer ${token}`;
  const body = form.elements.body?.value.trim() || undefined;
  if (body) headers['Content-Type'] = 'application/json';
  const place = form.querySelector('[data-docs-answer]');
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const begun = performance.now();
    const answer = await fetch(address(form), { method: form.dataset.docsTry, headers, body });
    const text = await answer.text();
    show(place, `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - begun)} ms`, pretty(text));
  } catch (error) {
    show(place, say('docs-failed'), String(error));
  }
  button.disabled = false;
}

function pretty(text) {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  // Not by way of a value: large numbers would change.
  let depth = 0;
  const lines = text.match(/"(?:\\.|[^"\\])*"|[{}[\],:]|[^\s{}[\],:"]+/g).map((part, at, parts) => {
    const empty = (part === '{' && parts[at + 1] === '}') || (part === '[' && parts[at + 1] === ']');
    if (part === '{' || part === '[') return empty ? part : `${part}\n${'  '.repeat(++depth)}`;
    if (part === '}' || part === ']') {
      const before = parts[at - 1];
      return before === '{' || before === '[' ? part : `\n${'  '.repeat(--depth)}${part}`;
    }
    if (part === ',') return `,\n${'  '.repeat(depth)}`;
    return part === ':' ? ': ' : part;
  });
  return lines.join('');
}

function show(place, head, text) {
  const title = document.createElement('p');
  const strong = document.createElement('strong');
  strong.textContent = head;
  title.append(strong);
  const body = document.createElement('pre');
  body.textContent = text;
  place.replaceChildren(title, body);
}
