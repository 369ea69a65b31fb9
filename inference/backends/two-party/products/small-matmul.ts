/**
 * Products of small shared matrices, as the last layers have after pruning: elementwise by COTs instead of ciphertexts, whose
 * 1.3 MB and tens of milliseconds do not shrink with the matrices.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId } from '../../../core/tensors.js';
import type { Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { MatmulShape } from '../linear/linear-protocols.js';
import { multiply, multiplyPlan } from './multiply.js';

/** Products of scalars up to which COTs are dearer neither in bytes nor in time. */
const MOST_PRODUCTS = 4096;

export const isSmallMatmul = ({ batch, n, k, m }: Omit<MatmulShape, 'ringBits'>): boolean =>
  batch * n * k * m <= MOST_PRODUCTS;

/** A triple, small or not. */
export const matmulUse = (shape: MatmulShape): Use => [[{ kind: 'matmul', ...shape }, 1]];

export const smallMatmulPlan = ({ batch, n, k, m, ringBits }: MatmulShape) =>
  multiplyPlan(batch * n * k * m, ringBits);

/** x [batch, n, k] · y [batch, k, m] → [batch, n, m] */
export const smallMatmul = protocol(
  'matmul',
  async (
    party: PartyContext,
    x: BigUint64Array,
    y: BigUint64Array,
    { batch, n, k, m, ringBits }: MatmulShape,
    receiver: PartyId,
  ): Promise<BigUint64Array> => {
    const columns = new BigUint64Array(y.length);
    kernels.ringPermute(y, Uint32Array.of(batch, k, m), Uint32Array.of(0, 2, 1), columns);
    const left = new BigUint64Array(batch * n * m * k);
    const right = new BigUint64Array(left.length);
    for (let row = 0, at = 0; row < batch * n; row++) {
      const first = Math.floor(row / n) * m;
      for (let column = first; column < first + m; column++, at += k) {
        left.set(x.subarray(row * k, (row + 1) * k), at);
        right.set(columns.subarray(column * k, (column + 1) * k), at);
      }
    }
    const out = new BigUint64Array(batch * n * m);
    const products = await multiply(party, left, right, ringBits, receiver);
    if (products.length > 0) kernels.ringSum(products, k, 1, ringBits, out);
    return out;
  },
);
