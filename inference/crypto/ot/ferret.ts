/**
 * Ferret: COTs at a tenth of a byte each, from learning parity with noise. Yang, Weng, Lan, Zhang, Wang (CCS 2020), the
 * variant with regular noise, with the trees of Guo et al., "Half-Tree" (EUROCRYPT 2023). Semi-honest: no consistency
 * check.
 *
 * From COTs s (the table) and a vector of COTs e whose choices are 1 in one place of each tree, A·s + e are new COTs: both
 * are linear. Their choices are A·r + noise, pseudorandom by learning parity with regular noise; A is public with ten
 * ones in a row (a local linear code). Each tree takes `depth` COTs, whose random choices *are* the path to its noisy
 * place, so nothing flows from the receiver: one message of depth · 16 bytes a tree from the sender. An iteration pays for
 * the next one with its first outputs; the first is paid for by SoftSpoken.
 *
 * Parameters are those of emp-ot's current release (ferret_b11: 1,170 trees of 2^11 leaves, a table of 2^17), selected
 * there with the estimator of Liu, Wang, Yang, Yu, "The Hardness of LPN over Any Integer Ring and Field for PCG
 * Applications" (EUROCRYPT 2024), and against the attacks on regular noise of Briaud and Øygarden (EUROCRYPT 2023) and
 * of Esser and Santini (CRYPTO 2024): about 128 bits, the hybrid attack being the best. More samples for one table would
 * be fewer bits, which is why the number of trees is not a free choice.
 */
import { kernels } from '#kernels';
import type { Session } from '../../session/session.js';
import type { ReceiverCots, SenderCots } from './cot.js';
import type { CotExtension } from './cot-pool.js';

const BLOCK_BYTES = 16;
const DEPTH = 11;
const LOG_TABLE = 17;
const TREES = 1170;
/** An iteration comes in parts, so that memory and latency stay small: all parts are one instance of the problem. */
const PARTS = 30;

const TABLE_COTS = 2 ** LOG_TABLE;
const PART_TREES = TREES / PARTS;
const PART_OUTPUTS = PART_TREES * 2 ** DEPTH;
const PART_PATH_BYTES = PART_TREES * DEPTH * BLOCK_BYTES;
/** Outputs of each part that are kept for the next iteration. */
const PART_RESERVE = Math.ceil((TABLE_COTS + TREES * DEPTH) / PARTS);

/** COTs that start the first iteration. */
export const FERRET_BASE_COTS = PARTS * PART_RESERVE;
/** COTs of one refill. */
export const FERRET_REFILL_COTS = PART_OUTPUTS - PART_RESERVE;

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
    this.#firstRow += PART_OUTPUTS;
    const tableBytes = TABLE_COTS * BLOCK_BYTES;
    const pathBegin = tableBytes + part * PART_PATH_BYTES;
    const reserveBytes = PART_RESERVE * BLOCK_BYTES;
    return {
      firstRow,
      table: this.#base.subarray(0, tableBytes),
      pathCots: this.#base.subarray(pathBegin, pathBegin + PART_PATH_BYTES),
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

/** The half with delta, from FERRET_BASE_COTS COTs; sends the seed of the public matrix. */
export function ferretSender(session: Session, base: SenderCots): CotExtension {
  const { delta } = base;
  const iterations = new Iterations(markChoices(base.blocks, null));
  const seed = session.random.bytes(BLOCK_BYTES);
  session.channel.send(seed);
  return {
    refillCots: FERRET_REFILL_COTS,
    incomingBytes: 0,
    hasChoices: false,
    refill(_incoming, blocks) {
      const { table, pathCots, firstRow, reserve } = iterations.nextPart();
      const roots = session.random.bytes(PART_TREES * BLOCK_BYTES);
      const corrections = new Uint8Array(PART_PATH_BYTES);
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
      );
      return corrections;
    },
  };
}

/** The half with the choices, from FERRET_BASE_COTS COTs. */
export async function ferretReceiver(session: Session, base: ReceiverCots): Promise<CotExtension> {
  const iterations = new Iterations(markChoices(base.blocks, base.choices));
  const seed = await session.channel.receive(BLOCK_BYTES);
  return {
    refillCots: FERRET_REFILL_COTS,
    incomingBytes: PART_PATH_BYTES,
    hasChoices: true,
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
      );
      return null;
    },
  };
}
