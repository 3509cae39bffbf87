/** Markup that is safe to send: only `html` and `raw` make it. */
export interface Markup {
  readonly markup: string;
}

type Value = string | number | Markup | readonly Markup[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** Builds markup from a template; every value that isn't markup itself is escaped. */
export function html(literals: TemplateStringsArray, ...values: readonly Value[]): Markup {
  const parts = literals.map((literal, index) => {
    const value = values[index];
    return value === undefined ? literal : `${literal}${render(value)}`;
  });
  return { markup: parts.join('') };
}

function render(value: Value): string {
  if (typeof value === 'string') return escapeHtml(value);
  if (typeof value === 'number') return String(value);
  return 'markup' in value ? value.markup : value.map(({ markup }) => markup).join('');
}

/** Text with its web addresses made into links. */
export function linked(text: string): Markup[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, index) =>
      index % 2 === 1 && URL.canParse(part)
        ? html`<a href="${part}" rel="noreferrer">${part}</a>`
        : html`${part}`,
    );
}
