/** What a chain of operations (Backend.ifMade) uses of what can be made ahead, and whose turn it is behind it. */
import type { PrivateTensor } from '../../../core/tensors.js';
import type { Use } from '../../../material/correlation.js';
import type { Wanted, WantedOperation } from '../../backend.js';
import type { Turns } from '../context/turns.js';
import { carryUse } from '../products/bit-product.js';
import { multiplyPrivateUse, productUse } from '../products/multiply.js';
import { squareUse, takeSquareTurn } from '../products/narrow-product.js';
import { linesUse } from './lines.js';
import { lookUpUse } from './look-ups.js';

/** The number by which factors of private products go. */
type IndexOfFactors = (factors: PrivateTensor) => number;

/** Takes the operation's turns. */
function operationUse(
  operation: WantedOperation,
  rows: number,
  turns: Turns,
  indexOfFactors: IndexOfFactors,
): Use {
  switch (operation.kind) {
    case 'square': {
      const { count, bits, ringBits } = operation;
      return squareUse(rows * count, bits, ringBits, takeSquareTurn(turns, bits, ringBits).first);
    }
    case 'widen':
      turns.takeTurn();
      return carryUse(rows * operation.count, operation.ringBits - operation.bits);
    case 'lines': {
      const { x, table } = operation;
      const lines = linesUse(rows, x, table, turns.fork());
      for (let turn = 0; turn < lines.turns; turn++) turns.takeTurn();
      return [...lookUpUse(rows, table.index.ringBits, 1), ...lines.use];
    }
    case 'multiplyPrivate':
      turns.takeTurn(operation.factors.owner);
      return multiplyPrivateUse(indexOfFactors(operation.factors), rows, operation.ringBits);
    case 'multiply':
      turns.takeBothWays();
      return productUse(rows, operation.width, operation.ringBits);
  }
}

/** Of `rows` rows, where turns stand `before`. */
export function wantedUse(
  wanted: Wanted,
  rows: number,
  before: Turns,
  indexOfFactors: IndexOfFactors,
): { readonly use: Use; readonly turns: Turns } {
  const turns = before.fork();
  const uses: Use[] = [];
  for (const lanes of wanted) {
    // As strands do: they begin alike, and what follows goes on from the one that took most.
    const strands = lanes.map((operations) => {
      const strand = turns.fork();
      for (const operation of operations) uses.push(operationUse(operation, rows, strand, indexOfFactors));
      return strand;
    });
    turns.assumeLongest(strands);
  }
  return { use: uses.flat(), turns };
}
