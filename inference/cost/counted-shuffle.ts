/** Secret shuffles by shapes: the messages of two-party/shuffle, without their contents. */
import { messageBytes } from '../backends/two-party/shuffle/shuffle.js';
import type { PartyId } from '../core/tensors.js';
import {
  answerBytes,
  correctionBytes,
  puncturedMatrixCots,
  type RowSegment,
} from '../crypto/ggm/punctured-matrix.js';
import type { CountingContext } from './counting-context.js';

/** What a shuffle of at least two rows is prepared by: punctured matrices, as shuffle.ts learns them. */
export async function countMatrices(context: CountingContext, rows: number, first: PartyId): Promise<void> {
  const { traffic, cots, steps } = context;
  const isFirst = first === 'client';
  const [corrections, sums] = [correctionBytes(rows), answerBytes(rows)];
  const sends = async (): Promise<void> => {
    traffic.sent(corrections);
    if (!isFirst) traffic.sent(sums);
  };
  const receives = async (): Promise<void> => {
    traffic.received(corrections);
    if (isFirst) traffic.received(sums);
  };
  const begin = async (): Promise<void> => {
    await cots.take('sender', puncturedMatrixCots(rows));
    await cots.take('receiver', puncturedMatrixCots(rows));
    await (isFirst ? sends() : receives());
  };
  await steps.run(isFirst ? { begin, finish: receives } : { begin, answer: sends });
  const last = async (): Promise<void> => (isFirst ? traffic.sent(sums) : traffic.received(sums));
  await steps.run({ begin: last });
}

/** The shuffle itself, of at least two rows: one message each way. */
export function countShuffle(
  context: CountingContext,
  rows: number,
  blocks: readonly RowSegment[],
  first: PartyId,
): Promise<void> {
  const bytes = messageBytes(rows, blocks);
  return context.inTurn(
    first,
    async () => context.traffic.sent(bytes),
    async () => context.traffic.received(bytes),
  );
}
