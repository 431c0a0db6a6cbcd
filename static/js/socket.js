// The one WebSocket of a page: resumed with back-off, told about, paused while the page is hidden.

import { refresh } from './regions.js';
import { say } from './words.js';

const FIRST_DELAY = 500;
const LONGEST_DELAY = 15000;
const HIDDEN_PATIENCE = 60000;

/** Opens it and hands batches of frames, one batch per animation frame, to `onFrames`. `onGap` is
 *  called when events may have been missed: at a gap, and whenever it has been opened, since the page
 *  is older than that. */
export class Live {
  #url;
  #onFrames;
  #onGap;
  #socket = null;
  #delay = FIRST_DELAY;
  #timer = 0;
  #hiding = 0;
  #frames = [];
  #scheduled = false;
  #ended = false;

  constructor(path, { onFrames, onGap }) {
    this.#url = new URL(path, location.href);
    this.#url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#onFrames = onFrames;
    this.#onGap = onGap;
    document.addEventListener('visibilitychange', () => this.#visibility());
    addEventListener('pagehide', () => this.#close());
    addEventListener('pageshow', (event) => { if (event.persisted) this.#open(); });
    addEventListener('online', () => this.#soon(0));
    this.#open();
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#socket || this.#ended) return;
    const socket = this.#socket = new WebSocket(this.#url);
    socket.onopen = () => {
      this.#delay = FIRST_DELAY;
      note('connected');
      this.#onGap();
    };
    socket.onmessage = (message) => this.#take(JSON.parse(message.data));
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      // 1000: the job has ended, and nothing more will come.
      if (event.code === 1000) this.#end();
      else this.#lost();
    };
  }

  #take(frame) {
    this.#frames.push(frame);
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      const frames = this.#frames;
      this.#frames = [];
      this.#onFrames(frames);
      if (frames.some((f) => f.type === 'gap')) this.#onGap();
    });
  }

  #lost() {
    note('reconnecting');
    // Whoever is not signed in any more learns it from the page.
    refresh();
    this.#soon(this.#delay * (0.75 + Math.random() / 2));
    this.#delay = Math.min(this.#delay * 2, LONGEST_DELAY);
  }

  #soon(delay) {
    clearTimeout(this.#timer);
    if (!this.#ended && !this.#socket) this.#timer = setTimeout(() => this.#open(), delay);
  }

  #end() {
    this.#ended = true;
    note('');
    // After the frames that are still waiting for their animation frame.
    requestAnimationFrame(() => this.#onGap());
  }

  #close() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #visibility() {
    clearTimeout(this.#hiding);
    if (this.#ended) return;
    if (!document.hidden) return this.#open();
    this.#hiding = setTimeout(() => {
      this.#close();
      note('paused');
    }, HIDDEN_PATIENCE);
  }
}

function note(state) {
  const place = document.querySelector('[data-live-note]');
  if (!place) return;
  if (state) place.dataset.state = state;
  else delete place.dataset.state;
  place.textContent = state ? say(`live-${state}`) : '';
}
