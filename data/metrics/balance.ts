/** How many examples each class has. */

const MOST_SHOWN = 10;
const percent = (count: number, all: number): string => `${((100 * count) / Math.max(1, all)).toFixed(0)}%`;

/** "3 classes: billing 60%, returns 30%, thanks 10%", the most frequent first. classes: numbers; unlabelled rows are null or NaN */
export function describeBalance(names: readonly string[], classes: readonly (number | null)[]): string {
  const counts = countsOf(names, classes);
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const shown = counts.slice(0, MOST_SHOWN).map(({ name, count }) => `${name} ${percent(count, all)}`);
  const more = counts.length > shown.length ? `, and ${counts.length - shown.length} more` : '';
  return `${names.length} classes: ${shown.join(', ')}${more}`;
}

function countsOf(names: readonly string[], classes: readonly (number | null)[]) {
  const counts = names.map((name) => ({ name, count: 0 }));
  for (const at of classes) {
    const entry = at === null ? undefined : counts[at];
    if (entry) entry.count++;
  }
  return counts.sort((a, b) => b.count - a.count);
}

/** Sentences about training data from which a class cannot be learned. */
export function balanceWarnings(names: readonly string[], classes: readonly (number | null)[]): string[] {
  const counts = countsOf(names, classes);
  const [first] = counts;
  const missing = counts.filter(({ count }) => count === 0).map(({ name }) => name);
  if (first !== undefined && missing.length === counts.length - 1 && counts.length > 1)
    return [`warning: all training examples are of one class, ${first.name}: there is nothing to tell apart`];
  return missing.length === 0 ? [] : [`warning: no training example of ${missing.join(', ')}`];
}
