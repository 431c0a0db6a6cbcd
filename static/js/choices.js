// Choices that act at once: the theme, the job type of the form, the list of time zones.

export function startChoices() {
  document.querySelector('[data-theme-form]')?.addEventListener('submit', (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const chosen = event.submitter;
    document.documentElement.dataset.theme = chosen.value;
    for (const button of form.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button === chosen));
    }
    fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form, chosen)), redirect: 'manual' });
  });
  const type = document.querySelector('[data-submit]');
  type?.addEventListener('change', () => type.form.submit());
  type?.form.querySelector('button').setAttribute('hidden', '');
  const zones = document.querySelector('[data-zones]');
  for (const zone of zones ? Intl.supportedValuesOf('timeZone') : []) zones.append(new Option('', zone));
}
