/** Whose client the page is: whoever serves it writes the three nodes into it, or leaves them to be typed. */
import { create, element } from './elements.js';

type Nodes = readonly [string, string, string];

const content = document.querySelector<HTMLMetaElement>('meta[name="nodes"]')?.content ?? 'none';

/** Of three nodes, or else of the server that served it. */
export const isForNodes = content !== 'none';

const form = element('nodes-form', 'form');
const fields = ['node-0', 'node-1', 'node-2'].map((id) => element(id, 'input'));

function threeOf(urls: readonly string[]): Nodes | null {
  const [first, second, third] = urls;
  return first && second && third && urls.length === 3 ? [first, second, third] : null;
}

let nodes = isForNodes ? threeOf(content.split(' ').filter((url) => url !== '')) : null;

function showNodes(): void {
  form.hidden = !isForNodes || nodes !== null;
  element('nodes', 'ul').replaceChildren(...(nodes ?? []).map((url) => create('li', create('code', url))));
}

/** Null: not of nodes, or nobody has said which. */
export const nodesGiven = (): Nodes | null => nodes;

export function onNodesTyped(then: () => void): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    nodes = threeOf(fields.map(({ value }) => value.trim()));
    showNodes();
    then();
  });
}

for (const part of document.querySelectorAll<HTMLElement>('[data-of]'))
  part.hidden = (part.dataset.of === 'nodes') !== isForNodes;
showNodes();
