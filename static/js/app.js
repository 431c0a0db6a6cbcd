// Wakes a page up. Without this file every page reads and every form works; with it they are live.

import { startBulk } from './bulk.js';
import { startCharts } from './charts.js';
import { startChoices } from './choices.js';
import { startCopy } from './copy.js';
import { startGraph } from './graph.js';
import { startKeys } from './keys.js';
import { hear, more, startLog } from './log.js';
import { at } from './place.js';
import { apply } from './progress.js';
import { refresh } from './regions.js';
import { announce, startRows } from './rows.js';
import { Live } from './socket.js';
import { startTimes } from './times.js';

const { page, id, final, filter, newest } = document.body.dataset;

startTimes();
startKeys();
startChoices();
startCharts();
startCopy();
startBulk();

const hasState = (frames) => frames.some((frame) => frame.type === 'state');

const pages = {
  overview: () => watch('/api/ws'),
  nodes: () => watch('/api/ws'),
  types: () => watch('/api/ws'),
  schedules: () => watch('/api/ws'),
  schedule: () => watch('/api/ws'),
  dead: () => watch('/api/ws?state=failed&state=pending'),
  workflows: () => watch('/api/ws'),
  workflow: () => {
    startGraph();
    watch(`/api/ws?workflow_id=${Number(id)}`);
  },
  jobs: () => {
    startRows();
    // Without the state: a row that leaves its state says so too.
    const query = new URLSearchParams(filter);
    query.delete('state');
    const wanted = new URLSearchParams(filter).getAll('state');
    const fits = (frame) => wanted.length === 0 || wanted.includes(frame.state);
    watch(`/api/ws?${query}`, (frames) => { if (newest === 'true') announce(frames.filter(fits)); });
  },
  docs: () => import('./docs.js').then(({ startDocs }) => startDocs()),
  job: () => {
    startLog();
    if (final === 'true') return;
    watch(`/api/jobs/${Number(id)}/ws?logs=true`, hear, more);
  },
};

function watch(path, onFrames = () => {}, onGap = () => {}) {
  new Live(at(path), {
    onFrames: (frames) => {
      apply(frames);
      onFrames(frames);
      if (hasState(frames)) refresh();
    },
    onGap: () => { refresh(); onGap(); },
  });
}

pages[page]?.();
