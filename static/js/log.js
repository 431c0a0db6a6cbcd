// The tail of a log: events say that there is more, and it is read from where the last piece ended,
// so that no line is missed or shown twice.

import { at } from './place.js';
import { say } from './words.js';

const MOST_LINES = 5000;
const MOST_CHARS = 4000;
const AT_MOST_EVERY = 150;
/** The server tells of a line first and writes it out within this time. */
const WRITTEN_AFTER = 600;
const FRAMES = 6;
/** What a visitor does to look elsewhere. */
const BY_HAND = ['wheel', 'touchmove', 'pointerdown', 'keydown'];
/** The streams of which the first with something in it is shown, unless one was chosen. */
const TEXT = ['log', 'stdout', 'stderr'];
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

let place = null;
let id = 0;
let timer = 0;
let settling = 0;
let reading = false;
let again = false;
/** The end of what was read, when it was not a whole line. */
let open = null;
/** The frames that the way to the end may still take. */
let goingDown = 0;

export function startLog() {
  place = document.querySelector('[data-log]');
  if (!place) return;
  id = Number(document.body.dataset.id);
  document.querySelector('[data-log-tools]').hidden = false;
  const follow = control('follow');
  toEnd();
  for (const sign of BY_HAND) place.addEventListener(sign, () => { goingDown = 0; }, { passive: true });
  place.addEventListener('scroll', () => { if (!goingDown) follow.checked = below() < 40; });
  follow.addEventListener('change', keepUp);
  control('wrap').addEventListener('change', (event) => place.classList.toggle('wrap', event.target.checked));
  control('search').addEventListener('input', search);
}

const control = (name) => document.querySelector(`[data-log-${name}]`);

/** Takes up a batch of frames of the job. */
export function hear(frames) {
  if (!place || place.dataset.latest !== 'true') return;
  const attempt = Math.max(...frames.map((frame) => frame.attempt ?? frame.job?.attempt ?? 0));
  if (attempt > Number(place.dataset.attempt)) begin(attempt);
  if (!TEXT.includes(place.dataset.stream) || frames.some((frame) => frame.type === 'log')) more();
}

/** Turns to the log of a new attempt. */
function begin(attempt) {
  open = null;
  place.replaceChildren();
  Object.assign(place.dataset, { attempt, offset: 0 });
  more();
}

/** Reads on, if the page shows the attempt that is running. */
export function more() {
  if (!place || place.dataset.latest !== 'true') return;
  clearTimeout(settling);
  settling = setTimeout(read, WRITTEN_AFTER);
  timer ||= setTimeout(() => { timer = 0; read(); }, AT_MOST_EVERY);
}

async function read() {
  if (reading) { again = true; return; }
  reading = true;
  try {
    do {
      again = false;
      const { attempt } = place.dataset;
      const piece = await nextPiece();
      if (attempt !== place.dataset.attempt) again = true;
      else if (piece?.content) {
        append(piece.content);
        place.dataset.offset = piece.next_offset;
        again ||= piece.next_offset < piece.size;
      }
    } while (again);
  } catch {
    // The server is away; the next event reads on from the same place.
  } finally {
    reading = false;
  }
}

/** What was written since the last piece. */
async function nextPiece() {
  const { stream, chosen } = place.dataset;
  const isOpen = chosen !== 'true' && place.childElementCount === 0;
  for (const one of isOpen ? TEXT : [stream]) {
    const piece = await fetchPiece(one);
    if (!piece?.content) continue;
    turnTo(one);
    return piece;
  }
  return null;
}

async function fetchPiece(stream) {
  const { attempt, offset } = place.dataset;
  const query = new URLSearchParams({ stream, offset });
  if (Number(attempt) > 0) query.set('attempt', attempt);
  const answer = await fetch(at(`/api/jobs/${id}/logs?${query}`));
  return answer.ok ? answer.json() : null;
}

function turnTo(stream) {
  place.dataset.stream = stream;
  for (const tab of document.querySelectorAll('#log nav a[data-stream]')) {
    if (tab.dataset.stream === stream) tab.setAttribute('aria-current', 'true');
    else tab.removeAttribute('aria-current');
  }
}

function append(content) {
  const lines = content.split('\n');
  const batch = document.createDocumentFragment();
  lines.forEach((line, i) => {
    if (i === 0 && open) {
      open.raw += line;
      open.element.textContent = printable(open.raw);
    } else if (line || i < lines.length - 1) {
      open = { element: document.createElement('div'), raw: line };
      open.element.textContent = printable(line);
      batch.append(open.element);
    }
    if (i < lines.length - 1) open = null;
  });
  place.append(batch);
  document.querySelector('[data-log-empty]').hidden = true;
  let surplus = place.childElementCount - MOST_LINES;
  if (surplus > 0) {
    while (surplus-- >= 0) place.firstElementChild.remove();
    const mark = document.createElement('div');
    mark.textContent = say('lines-dropped');
    place.prepend(mark);
  }
  if (control('search').value) search();
  keepUp();
}

/** A line without escapes and controls, cut when it is very long. */
function printable(line) {
  const whole = line.length;
  // Long lines are not looked at further than they are shown.
  const shown = line.slice(0, MOST_CHARS * 4).replace(ESCAPES, '').replace(CONTROLS, picture).slice(0, MOST_CHARS);
  return whole > MOST_CHARS * 4 || shown.length === MOST_CHARS ? `${shown}${say('log-more', whole - shown.length)}` : shown;
}

function picture(c) {
  const code = c.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}

function keepUp() {
  if (control('follow').checked) toEnd();
}

const below = () => place.scrollHeight - place.scrollTop - place.clientHeight;

/** Goes to the end, again and again for some frames: lines that come into view on the way turn out to
 *  be higher than was thought. */
function toEnd() {
  const isOnTheWay = goingDown > 0;
  goingDown = FRAMES;
  if (!isOnTheWay) stepDown();
}

function stepDown() {
  place.scrollTop = place.scrollHeight;
  requestAnimationFrame(() => { if (goingDown > 0 && --goingDown > 0) stepDown(); });
}

function search() {
  const wanted = control('search').value.toLowerCase();
  let found = 0;
  for (const line of place.children) {
    const hit = wanted !== '' && line.textContent.toLowerCase().includes(wanted);
    line.classList.toggle('found', hit);
    if (hit && ++found === 1) line.scrollIntoView({ block: 'nearest' });
  }
  control('found').textContent = wanted ? say('log-found', found) : '';
}
