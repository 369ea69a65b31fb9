/** The server's matrices as homomorphic linear layers hold them: two bytes an entry, nothing expanded. */
import { kernels } from '#kernels';
import { TensorMismatchError } from '../../../core/errors.js';
import type { PartyId } from '../../../core/tensors.js';
import { takeWords } from '../../../core/words.js';
import type { Weight, WeightSource } from '../../backend.js';

/** matrix and bias are null at the client. */
export interface PreparedWeight extends Weight {
  readonly name: string;
  readonly matrix: Int16Array | null;
  readonly bias: Float64Array | null;
}

/** @throws TensorMismatchError if the matrix is missing at the server, present at the client, or of another size */
export function prepareWeight(source: WeightSource, self: PartyId): PreparedWeight {
  const { name, inputs, outputs, matrix, bias } = source;
  const isServer = self === 'server';
  if ((matrix !== null) !== isServer || (!isServer && bias !== null)) {
    throw new TensorMismatchError(`prepare ${name}: expected the matrix at the server only`);
  }
  if (matrix !== null && matrix.length !== inputs * outputs) {
    throw new TensorMismatchError(
      `prepare ${name}: expected ${inputs * outputs} entries, got ${matrix.length}`,
    );
  }
  return { kind: 'weight', ...source };
}

export function preparedWeight(w: Weight): PreparedWeight {
  if (!('matrix' in w)) throw new TensorMismatchError('linear: expected a weight of this backend');
  return w as PreparedWeight;
}

/** x·W + b [rows, outputs] modulo 2^ringBits, at the server; the bias stands at scale fractionBits + w.fractionBits. */
export function plainProduct(
  { data, rows, ringBits }: { data: BigUint64Array; rows: number; ringBits: number },
  w: PreparedWeight,
  fractionBits: number,
  threads = 1,
): BigUint64Array {
  const out = takeWords(rows * w.outputs);
  kernels.ringMatmulInt16(data, w.matrix!, rows, w.inputs, w.outputs, ringBits, out, threads);
  if (w.bias !== null) {
    const bias = new BigUint64Array(w.outputs);
    const saturated = kernels.ringFromFloat(w.bias, ringBits, fractionBits + w.fractionBits, bias);
    if (saturated > 0) throw new TensorMismatchError(`linear: bias of ${w.name} does not fit the ring`);
    kernels.ringAdd(out, bias, ringBits, out);
  }
  return out;
}
