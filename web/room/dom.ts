type Child = Node | string | null;
type Props = Readonly<Record<string, string | boolean | EventListener | null>>;

/** An element with its attributes, listeners (`onclick`) and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (typeof value === 'boolean') element.toggleAttribute(name, value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A labelled field of a form. */
export function field(label: string, input: HTMLElement): HTMLElement {
  return el('label', {}, label, input);
}

/**
 * Makes `parent` show these elements in this order. Those that are there already stay as they are, so
 * that pictures go on and the keyboard's focus is kept.
 */
export function show(parent: HTMLElement, children: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(children);
  const gone = Array.from(parent.children).filter((child) => !wanted.has(child));
  for (const child of gone) child.remove();
  children.forEach((child, index) => {
    if (parent.children[index] !== child)
      parent.insertBefore(child, parent.children[index] ?? null);
  });
}
