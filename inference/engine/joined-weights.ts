/** Matrices with the same input side by side: one product in place of several. */
import type { QuantizedLinear } from '../../model/artifact/artifact.js';

export interface JoinedWeights {
  /** [inputs, outputs] */
  readonly matrix: Int16Array;
  /** [outputs] */
  readonly bias: Float64Array;
}

/** Columns in order; biases, which have their matrices' scales, at one of `fractionBits`. */
function joinedColumns(parts: readonly QuantizedLinear[], fractionBits: number): JoinedWeights {
  const { inputs } = parts[0]!.matrix;
  const outputs = parts.reduce((sum, { matrix }) => sum + matrix.outputs, 0);
  const matrix = new Int16Array(inputs * outputs);
  const bias = new Float64Array(outputs);
  let column = 0;
  for (const part of parts) {
    const width = part.matrix.outputs;
    for (let row = 0; row < inputs; row++) {
      matrix.set(part.matrix.values.subarray(row * width, (row + 1) * width), row * outputs + column);
    }
    const unit = 2 ** (part.matrix.fractionBits - fractionBits);
    bias.set(
      part.bias.map((value) => value * unit),
      column,
    );
    column += width;
  }
  return { matrix, bias };
}

interface Made extends JoinedWeights {
  readonly parts: readonly QuantizedLinear[];
  readonly fractionBits: number;
}

/** Of the first part, what was made last: a model's matrices are most of a server's memory, so all its connections have the same. */
const lastMade = new WeakMap<QuantizedLinear, Made>();

const isOf = (made: Made, parts: readonly QuantizedLinear[], fractionBits: number): boolean =>
  made.fractionBits === fractionBits &&
  made.parts.length === parts.length &&
  made.parts.every((part, i) => part === parts[i]);

/** One alone is not copied. */
export function joined(parts: readonly QuantizedLinear[], fractionBits: number): JoinedWeights {
  const [first] = parts as [QuantizedLinear];
  if (parts.length === 1 && first.matrix.fractionBits === fractionBits)
    return { matrix: first.matrix.values, bias: first.bias };
  const known = lastMade.get(first);
  if (known && isOf(known, parts, fractionBits)) return known;
  const made = { ...joinedColumns(parts, fractionBits), parts, fractionBits };
  lastMade.set(first, made);
  return made;
}
