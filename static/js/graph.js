// Zoom and pan for a drawing. Without this it is as large as it is, in a box that scrolls.

const STEP = 1.25;
const LEAST = 0.05;
const MOST = 4;
/** As small as names can still be read. */
const READABLE = 0.5;

export function startGraph() {
  const box = document.querySelector('[data-graph]');
  const svg = box?.querySelector('svg');
  if (!svg) return;
  const [width, height] = [svg.viewBox.baseVal.width, svg.viewBox.baseVal.height];
  let scale = 1;

  // The place under `x`, `y` of the box stays where it is.
  const zoom = (to, x = box.clientWidth / 2, y = box.clientHeight / 2) => {
    const wanted = Math.min(MOST, Math.max(LEAST, to));
    const [left, top] = [(box.scrollLeft + x) / scale, (box.scrollTop + y) / scale];
    scale = wanted;
    svg.setAttribute('width', width * scale);
    svg.setAttribute('height', height * scale);
    box.scrollTo(left * scale - x, top * scale - y);
  };
  const whole = () => Math.min(1, box.clientWidth / width, box.clientHeight / height);
  const all = () => zoom(whole());
  const does = { in: () => zoom(scale * STEP), out: () => zoom(scale / STEP), all };

  const tools = document.querySelector('[data-graph-tools]');
  tools.hidden = false;
  tools.addEventListener('click', (event) => does[event.target.closest('[data-zoom]')?.dataset.zoom]?.());
  box.addEventListener('keydown', (event) => {
    const what = { '+': 'in', '=': 'in', '-': 'out', 0: 'all' }[event.key];
    if (!what || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    does[what]();
  });
  // With the key that zooms everywhere; the wheel alone scrolls the page.
  box.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { left, top } = box.getBoundingClientRect();
    zoom(scale * (event.deltaY < 0 ? STEP : 1 / STEP), event.clientX - left, event.clientY - top);
  }, { passive: false });
  drag(box);
  if (whole() < 1) {
    // What is too large to be read as a whole is shown from its beginning, which is half-way down.
    zoom(Math.max(whole(), READABLE));
    box.scrollTo(0, (height * scale - box.clientHeight) / 2);
  }
}

/** Moves what the box shows along with the pointer; a click that moved is no click. */
function drag(box) {
  let from = null;
  let moved = false;
  box.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    from = [event.clientX + box.scrollLeft, event.clientY + box.scrollTop];
    moved = false;
  });
  addEventListener('pointermove', (event) => {
    if (!from) return;
    const [left, top] = [from[0] - event.clientX, from[1] - event.clientY];
    moved ||= Math.abs(left - box.scrollLeft) + Math.abs(top - box.scrollTop) > 4;
    if (moved) box.scrollTo(left, top);
  });
  addEventListener('pointerup', () => { from = null; });
  box.addEventListener('dragstart', (event) => event.preventDefault());
  box.addEventListener('click', (event) => {
    if (moved) event.preventDefault();
    moved = false;
  }, true);
}
