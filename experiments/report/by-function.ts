/** What a text costs by the functions of the model, none of which lies inside another. */

/** By the protocols that count as each: with a schedule the best rows stay in place of those above a threshold. */
const PROTOCOLS = {
  linear: ['linear'],
  matmul: ['matmul'],
  softmax: ['softmax'],
  gelu: ['gelu'],
  layerNorm: ['layerNorm'],
  prune: ['prune', 'keepBest'],
  tanh: ['tanh'],
} as const;

/** In the order in which they are drawn; the last one is what is left over. */
export const FUNCTION_NAMES: readonly string[] = [...Object.keys(PROTOCOLS), 'other'];

interface Costs<Protocol> {
  readonly protocols: readonly (Protocol & { readonly name: string })[];
}

/** One value a function, of what `pick` takes of the whole and of a protocol. */
export function byFunction<Protocol, Whole extends Costs<Protocol>>(
  whole: Whole,
  pick: (of: Whole | Whole['protocols'][number]) => number,
): { readonly name: string; readonly value: number }[] {
  const known = Object.entries(PROTOCOLS).map(([name, names]: [string, readonly string[]]) => ({
    name,
    value: whole.protocols.reduce((sum, one) => (names.includes(one.name) ? sum + pick(one) : sum), 0),
  }));
  const rest = pick(whole) - known.reduce((sum, { value }) => sum + value, 0);
  return [...known, { name: 'other', value: Math.max(0, rest) }];
}
