/** Products of shares by shapes: the plans and turns of two-party/products, without their contents. */
import {
  bothBitsUse,
  bothGoOneWay,
  bothOneWayJob,
  carryUse,
  takeBothTurn,
} from '../backends/two-party/products/bit-product.js';
import { bitPlan, productJob } from '../backends/two-party/products/cot-product.js';
import { isOneWayProduct, takeProductTurns } from '../backends/two-party/products/multiplications.js';
import {
  multiplyPlan,
  multiplyPrivatePlan,
  multiplyPrivateUse,
  multiplyRowsPlan,
  productUse,
  squarePlan,
} from '../backends/two-party/products/multiply.js';
import {
  multiplyNarrowPlan,
  squareIntoPlans,
  takeSquareTurn,
  squareUse,
} from '../backends/two-party/products/narrow-product.js';
import { isSmallMatmul, matmulUse, smallMatmulPlan } from '../backends/two-party/products/small-matmul.js';
import type { MatmulShape } from '../backends/two-party/linear/linear-protocols.js';
import { sizeOf } from '../core/shape.js';
import { protocol } from '../core/span.js';
import type { PrivateTensor, SharedTensor } from '../core/tensors.js';
import type { CountingContext } from './counting-context.js';

/** Numbers that each number of `prefix` stands for. */
const widthOf = (whole: { shape: readonly number[] }, prefix: { shape: readonly number[] }): number =>
  sizeOf(whole.shape.slice(prefix.shape.length));

export function countMatmul(context: CountingContext, shape: MatmulShape): Promise<void> {
  const { turns, exchange, products } = context;
  if (!isSmallMatmul(shape)) {
    turns.takeTurn('client');
    return context.use(matmulUse(shape), () => products.matmul(shape));
  }
  const { receiver } = turns.takeTurn();
  const small = () => exchange.oneWay(productJob(smallMatmulPlan(shape)), receiver);
  return context.use(matmulUse(shape), protocol('multiply', small));
}

export function countMultiply(
  context: CountingContext,
  x: SharedTensor,
  y: SharedTensor,
  yBits: number,
  dropped: number,
): Promise<void> {
  const { ringBits } = x;
  const factorBits = Math.min(y.ringBits, yBits);
  const [rows, width] = [sizeOf(y.shape), widthOf(x, y)];
  const isOneWay = isOneWayProduct(x, y, yBits);
  const { receiver } = takeProductTurns(context.turns, x, y, yBits);
  const oneWay = () => context.exchange.oneWay(productJob(multiplyPlan(rows, ringBits)), receiver);
  return context.use(productUse(rows, width, ringBits), () => {
    if (factorBits < ringBits)
      return context.bothWays(
        'multiplyNarrow',
        productJob(multiplyNarrowPlan(rows, width, factorBits, ringBits, dropped)),
      );
    return isOneWay
      ? protocol('multiply', oneWay)()
      : context.bothWays('multiplyRows', productJob(multiplyRowsPlan(rows, width, ringBits)));
  });
}

export function countSquare(
  context: CountingContext,
  x: SharedTensor,
  ringBits: number,
  dropped: number,
): Promise<void> {
  const { turns, exchange } = context;
  const [items, bits] = [sizeOf(x.shape), x.ringBits];
  const { receiver, first } = takeSquareTurn(turns, bits, ringBits);
  return context.use(squareUse(items, bits, ringBits, first), async () => {
    if (ringBits > bits) {
      const { cross, wrap } = squareIntoPlans(items, bits, ringBits, dropped);
      await exchange.oneWay(productJob(cross), receiver, wrap && productJob(wrap));
    } else if (bits > 1) await exchange.oneWay(productJob(squarePlan(items, bits)), receiver);
  });
}

export async function countMultiplyPrivate(
  context: CountingContext,
  x: SharedTensor,
  y: PrivateTensor,
  dropped: number,
): Promise<void> {
  const { turns, exchange } = context;
  const [count, bits] = [y.shape[0]!, y.ringBits];
  const index = context.indexOfFactors(y);
  if (sizeOf(x.shape) === 0) return;
  const rows = sizeOf(x.shape) / count;
  const plan = multiplyPrivatePlan({ count, bits }, rows, x.ringBits, dropped);
  const { receiver } = turns.takeTurn(y.owner);
  await context.use(multiplyPrivateUse(index, rows, x.ringBits), () =>
    exchange.oneWay(productJob(plan), receiver),
  );
}

/** By turns. */
export function countCarries(context: CountingContext, items: number, ringBits: number): Promise<void> {
  const { receiver } = context.turns.takeTurn();
  return context.use(carryUse(items, ringBits), () =>
    context.exchange.oneWay(productJob(bitPlan(items, ringBits)), receiver),
  );
}

/** Bits whose shares both multiply: `items` of them, each with `width` numbers. */
export function countMultiplex(
  context: CountingContext,
  items: number,
  width: number,
  ringBits: number,
): Promise<void> {
  const { receiver } = takeBothTurn(context.turns, items, width, ringBits);
  const oneWay = () => context.exchange.oneWay(bothOneWayJob(items, ringBits), receiver);
  return context.use(bothBitsUse(items, width, ringBits), () =>
    bothGoOneWay(items, width, ringBits)
      ? protocol('multiplex', oneWay)()
      : context.bothWays('multiplex', productJob(bitPlan(items, ringBits, width))),
  );
}
