/**
 * Ferret: COTs at a fifth of a byte each, from learning parity with noise. Yang, Weng, Lan, Zhang, Wang (CCS 2020), the
 * variant with regular noise, with the trees of Guo et al., "Half-Tree" (EUROCRYPT 2023). Semi-honest: no consistency
 * check.
 *
 * From COTs s (the table) and a vector of COTs e whose choices are 1 in one place of each tree, A·s + e are new COTs: both
 * are linear. Their choices are A·r + noise, pseudorandom by learning parity with regular noise; A is public with ten
 * ones in a row (a local linear code). Each tree takes `depth` COTs, whose random choices *are* the path to its noisy
 * place, so nothing flows from the receiver: one message of depth · 16 bytes a tree from the sender. An iteration pays for
 * the next one with its first outputs; the first is paid for by SoftSpoken.
 *
 * More samples for one table would be fewer bits of security, which is why the number of trees is not a free choice:
 * ferret-parameters.ts.
 */
import { kernels } from '#kernels';
import type { Session } from '../../session/session.js';
import type { ReceiverCots, SenderCots } from './cot.js';
import type { CotExtension } from './cot-pool.js';
import { FERRET_1170_10_17, ferretSizes } from './ferret-parameters.js';

const BLOCK_BYTES = 16;
const PARAMETERS = FERRET_1170_10_17;
const { depth: DEPTH, logTable: LOG_TABLE, parts: PARTS } = PARAMETERS;
const SIZES = ferretSizes(PARAMETERS);

/** COTs that start the first iteration. */
export const FERRET_BASE_COTS = SIZES.base;
/** COTs of one refill. */
export const FERRET_REFILL_COTS = SIZES.outputs - SIZES.reserve;
/** Refills that are on their way before they are needed: more than a message of corrections takes. */
const SPARE_REFILLS = 4;
export const FERRET_SPARE_COTS = SPARE_REFILLS * FERRET_REFILL_COTS;
/** What a refill sends, from the half with delta to the half with the choices. */
export const FERRET_REFILL_BYTES = SIZES.path * BLOCK_BYTES;

/** Where an iteration stands: the COTs that it consumes, those that it keeps for the next, and its next part. */
class Iterations {
  #base: Uint8Array;
  #next: Uint8Array;
  #part = 0;
  #firstRow = 0;

  constructor(base: Uint8Array) {
    this.#base = base;
    this.#next = new Uint8Array(base.length);
  }

  /** What the next part works on; after the last one the reserve becomes the base. */
  nextPart() {
    if (this.#part === PARTS) {
      [this.#base, this.#next] = [this.#next, this.#base];
      this.#part = 0;
    }
    const part = this.#part++;
    const firstRow = this.#firstRow;
    this.#firstRow += SIZES.outputs;
    const tableBytes = SIZES.table * BLOCK_BYTES;
    const pathBegin = tableBytes + part * FERRET_REFILL_BYTES;
    const reserveBytes = SIZES.reserve * BLOCK_BYTES;
    return {
      firstRow,
      table: this.#base.subarray(0, tableBytes),
      pathCots: this.#base.subarray(pathBegin, pathBegin + FERRET_REFILL_BYTES),
      reserve: this.#next.subarray(part * reserveBytes, (part + 1) * reserveBytes),
    };
  }
}

/** Blocks whose lowest bit is the choice: q XOR choice · delta agrees in this bit as well, since delta's is 1. */
function markChoices(blocks: Uint8Array, choices: Uint8Array | null): Uint8Array {
  const marked = blocks.slice();
  for (let i = 0; i < marked.length / BLOCK_BYTES; i++) {
    marked[i * BLOCK_BYTES] = (marked[i * BLOCK_BYTES]! & 0xfe) | (choices ? choices[i]! : 0);
  }
  return marked;
}

/** The half with delta, from FERRET_BASE_COTS COTs and the seed [16] of the public matrix, which both parties tossed. */
export function ferretSender(session: Session, base: SenderCots, seed: Uint8Array): CotExtension {
  const { delta, suite } = base;
  const iterations = new Iterations(markChoices(base.blocks, null));
  return {
    suite,
    refillCots: FERRET_REFILL_COTS,
    incomingBytes: 0,
    hasChoices: false,
    spareCots: FERRET_SPARE_COTS,
    refill(_incoming, blocks) {
      const { table, pathCots, firstRow, reserve } = iterations.nextPart();
      const roots = session.random.bytes(SIZES.partTrees * BLOCK_BYTES);
      const corrections = new Uint8Array(FERRET_REFILL_BYTES);
      kernels.ferretSend(
        DEPTH,
        LOG_TABLE,
        table,
        pathCots,
        seed,
        firstRow,
        reserve,
        blocks,
        delta,
        roots,
        corrections,
        suite,
      );
      return corrections;
    },
  };
}

/** The half with the choices, from FERRET_BASE_COTS COTs and the same seed. */
export function ferretReceiver(base: ReceiverCots, seed: Uint8Array): CotExtension {
  const { suite } = base;
  const iterations = new Iterations(markChoices(base.blocks, base.choices));
  return {
    suite,
    refillCots: FERRET_REFILL_COTS,
    incomingBytes: FERRET_REFILL_BYTES,
    hasChoices: true,
    spareCots: FERRET_SPARE_COTS,
    refill(corrections, blocks, choices) {
      const { table, pathCots, firstRow, reserve } = iterations.nextPart();
      kernels.ferretReceive(
        DEPTH,
        LOG_TABLE,
        table,
        pathCots,
        seed,
        firstRow,
        reserve,
        blocks,
        corrections!,
        choices,
        suite,
      );
      return null;
    },
  };
}
