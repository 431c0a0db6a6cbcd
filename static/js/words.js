// The messages that scripts show, as the server put them into the page.

const messages = JSON.parse(document.body.dataset.words);
const language = document.documentElement.lang;
const numbers = new Intl.NumberFormat(language, { useGrouping: 'min2' });

export const number = (n) => numbers.format(n);

/** A message; `{}` in it becomes the number. */
export function say(id, n) {
  const message = messages[id] ?? id;
  return n === undefined ? message : message.replace('{}', number(n));
}
