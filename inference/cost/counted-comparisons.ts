/** Comparisons by shapes: the levels of two-party/comparison, without their contents. */
import { kernels } from '#kernels';
import { signUse } from '../backends/two-party/ahead/signs.js';
import { comparisonJob, comparisonUse } from '../backends/two-party/comparison/comparison.js';
import type { CountingContext } from './counting-context.js';

/** The top bits of `copies` of every item: wanted ahead as a whole, or level by level. */
export function countTopBits(
  context: CountingContext,
  items: number,
  ringBits: number,
  copies: number,
): Promise<void> {
  const whole = signUse(items, ringBits, copies);
  const usesOf = (...level: Parameters<typeof comparisonUse>) =>
    whole.length === 0 ? comparisonUse(...level) : [];
  const levels = async (): Promise<void> => {
    let [n, of] = [items, copies];
    for (let bits = ringBits; bits > 1; bits = kernels.comparisonDigits(bits)) {
      const { receiver, first } = context.turns.takeTurn();
      const job = comparisonJob(n, bits, of);
      await context.use(usesOf(n, bits, of, first), () => context.exchange.oneWay(job, receiver));
      [n, of] = [n * of, 1];
    }
  };
  return context.use(whole, levels);
}
