/**
 * Ferret: COTs at a fifth of a byte each, from learning parity with noise. Yang, Weng, Lan, Zhang, Wang (CCS 2020), the
 * variant with regular noise, with the trees of Guo et al., "Half-Tree" (EUROCRYPT 2023). With checks, a refill's trees are shown to
 * be consistent (ferret-check.ts) before anything of it is used.
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
import { checkGrownTrees, ferretProofBytes, proveTrees } from './ferret-check.js';
import { type FerretPart, Iterations } from './ferret-iterations.js';
import { FERRET_1170_10_17, ferretSizes } from './ferret-parameters.js';

const BLOCK_BYTES = 16;
const PARAMETERS = FERRET_1170_10_17;
const { depth: DEPTH } = PARAMETERS;
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
/** And behind it with checks. */
export const FERRET_PROOF_BYTES = ferretProofBytes(SIZES.partTrees);

/** Blocks whose lowest bit is the choice: q XOR choice · delta agrees in this bit as well, since delta's is 1. */
function markChoices(blocks: Uint8Array, choices: Uint8Array | null): Uint8Array {
  const marked = blocks.slice();
  for (let i = 0; i < marked.length / BLOCK_BYTES; i++) {
    marked[i * BLOCK_BYTES] = (marked[i * BLOCK_BYTES]! & 0xfe) | (choices ? choices[i]! : 0);
  }
  return marked;
}

/** What both halves of a refill have, whichever way they make it. */
const EXTENSION = { refillCots: FERRET_REFILL_COTS, spareCots: FERRET_SPARE_COTS } as const;

/** What a half starts from: FERRET_BASE_COTS COTs, the seed [16] of the public matrix, which both parties tossed, and whether both want checks. */
export interface FerretStart<Cots> {
  readonly base: Cots;
  readonly seed: Uint8Array;
  readonly checks?: boolean;
}

/** The half with delta. */
export function ferretSender(session: Session, start: FerretStart<SenderCots>): CotExtension {
  const { suite, delta } = start.base;
  const iterations = new Iterations(markChoices(start.base.blocks, null), { suite, seed: start.seed });
  const makeRoots = () => session.random.bytes(SIZES.partTrees * BLOCK_BYTES);
  const send = start.checks ? sendChecked() : sendUnchecked;
  return {
    ...EXTENSION,
    suite,
    hasChoices: false,
    incomingBytes: 0,
    refill: (_incoming, blocks) =>
      iterations.part((part) => send({ ...part, blocks, delta, roots: makeRoots() })),
  };
}

interface PartToSend extends FerretPart {
  readonly blocks: Uint8Array;
  readonly delta: Uint8Array;
  readonly roots: Uint8Array;
}

function sendUnchecked(part: PartToSend): Uint8Array {
  const corrections = new Uint8Array(FERRET_REFILL_BYTES);
  kernels.ferretSend({ ...part, depth: DEPTH, corrections });
  return corrections;
}

/** Leaves of a refill's trees. */
const leavesOfPart = (): Uint8Array => new Uint8Array((SIZES.partTrees << DEPTH) * BLOCK_BYTES);

function sendChecked() {
  const leaves = leavesOfPart();
  return ({ pathCots, delta, roots, ...outputs }: PartToSend): Uint8Array => {
    const outgoing = new Uint8Array(FERRET_REFILL_BYTES + FERRET_PROOF_BYTES);
    const corrections = outgoing.subarray(0, FERRET_REFILL_BYTES);
    const { suite } = outputs;
    kernels.ferretGrow({ suite, depth: DEPTH, pathCots, delta, roots, corrections, leaves });
    proveTrees({ suite, depth: DEPTH, corrections, leaves }, outgoing.subarray(FERRET_REFILL_BYTES));
    kernels.ferretSendLeaves({ depth: DEPTH, leaves, ...outputs });
    return outgoing;
  };
}

/** The half with the choices, from the same seed. */
export function ferretReceiver({ base, seed, checks = false }: FerretStart<ReceiverCots>): CotExtension {
  const { suite } = base;
  const iterations = new Iterations(markChoices(base.blocks, base.choices), { suite, seed });
  const receive = checks ? receiveChecked() : receiveUnchecked;
  return {
    ...EXTENSION,
    suite,
    hasChoices: true,
    incomingBytes: FERRET_REFILL_BYTES + (checks ? FERRET_PROOF_BYTES : 0),
    refill(incoming, blocks, choices) {
      iterations.part((part) => receive({ ...part, blocks, choices, incoming: incoming! }));
      return null;
    },
  };
}

interface PartToReceive extends FerretPart {
  readonly blocks: Uint8Array;
  readonly choices: Uint8Array;
  readonly incoming: Uint8Array;
}

function receiveUnchecked({ incoming, ...part }: PartToReceive): void {
  kernels.ferretReceive({ ...part, depth: DEPTH, corrections: incoming });
}

function receiveChecked() {
  const leaves = leavesOfPart();
  const points = new Uint32Array(SIZES.partTrees);
  return ({ pathCots, incoming, ...outputs }: PartToReceive): void => {
    const corrections = incoming.subarray(0, FERRET_REFILL_BYTES);
    const { suite } = outputs;
    kernels.ferretGrowPunctured({ suite, depth: DEPTH, pathCots, corrections, leaves, points });
    checkGrownTrees(
      { suite, depth: DEPTH, corrections, leaves },
      points,
      incoming.subarray(FERRET_REFILL_BYTES),
    );
    kernels.ferretReceiveLeaves({ depth: DEPTH, leaves, points, ...outputs });
  };
}
