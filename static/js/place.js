// Where callboard is among the paths of its server.

/** A path of callboard's as it is called from outside. */
export const at = (path) => document.body.dataset.base + path;
