/** The page's elements. Whatever comes from a server or a user goes in as text, never as markup. */

/** @throws Error if the page has no such element */
export function element<K extends keyof HTMLElementTagNameMap>(id: string, tag: K): HTMLElementTagNameMap[K] {
  const found = document.getElementById(id);
  if (found?.localName !== tag) throw new Error(`page: expected <${tag} id="${id}">`);
  return found as HTMLElementTagNameMap[K];
}

/** A new element with what lies in it. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  ...content: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  made.append(...content);
  return made;
}

/** Terms and what they are. */
export function describe(
  list: HTMLDListElement,
  entries: readonly (readonly [string, Node | string])[],
): void {
  list.replaceChildren(...entries.flatMap(([term, value]) => [create('dt', term), create('dd', value)]));
}
