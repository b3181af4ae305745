/** Makes elements. What the node tells is always text, and never markup. */

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = "",
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}

export function svg(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
): SVGElement {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  return made;
}

/** One that the page has. */
export function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no ${id}`);
  return found;
}

/** What is equal already is left alone: an assistive technology would tell it again. */
export function setText(of: Element, text: string): void {
  if (of.textContent !== text) of.textContent = text;
}

/** Sets a width in percent; a stylesheet cannot know it, and the policy forbids style attributes. */
export function setShare(of: HTMLElement, percent: number): void {
  of.style.width = `${Math.max(0, Math.min(100, percent)).toFixed(3)}%`;
}

const keys = new WeakMap<Element, string>();

/**
 * Makes the children of `parent` those of `items`, in their order. A child stays the same element as long as its key
 * does, so that a reader's place and focus are not lost.
 */
export function keyed<T, E extends Element>(
  parent: Element,
  items: readonly T[],
  keyOf: (item: T) => string,
  make: (item: T) => E,
  update: (child: E, item: T) => void,
): void {
  const known = new Map([...parent.children].map((child) => [keys.get(child) ?? "", child as E]));
  const wanted = new Set(items.map(keyOf));
  for (const [key, child] of known) if (!wanted.has(key)) child.remove();
  for (const [at, item] of items.entries()) {
    const key = keyOf(item);
    const child = known.get(key) ?? make(item);
    keys.set(child, key);
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
    update(child, item);
  }
}
