/** Two jobs of one direction as one: their corrections leave together, and so do their answers. */
import type { ReceiverCots, SenderCots } from '../../../crypto/ot/cot.js';
import { giveBack, takeBytes } from '../../../core/words.js';
import { correctionBytesOf, type CotJob, type ReceiverJob, type SenderJob } from './cot-exchange.js';

const BLOCK_BYTES = 16;

/** Of equally many items; each job's corrections are whole bytes. */
export const joinedJob = (first: CotJob, second: CotJob): CotJob => ({
  items: first.items,
  cotsPerItem: first.cotsPerItem + second.cotsPerItem,
  messageBytes: (items) => first.messageBytes(items) + second.messageBytes(items),
  correctionBytes: (items) => correctionBytesOf(first, items) + correctionBytesOf(second, items),
  choosesAtRandom: first.choosesAtRandom && second.choosesAtRandom,
});

/** Taken (core/words.ts). */
function both(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = takeBytes(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** The second job's answer may depend on the first one's. */
export const joinedSender = (first: SenderJob, second: SenderJob): SenderJob => ({
  ...joinedJob(first, second),
  answer({ delta, blocks, tweak, suite }: SenderCots, corrections, begin, end) {
    const cots = (end - begin) * first.cotsPerItem;
    const [at, split] = [cots * BLOCK_BYTES, correctionBytesOf(first, end - begin)];
    const answered = first.answer(
      { delta, blocks: blocks.subarray(0, at), tweak, suite },
      corrections.subarray(0, split),
      begin,
      end,
    );
    const rest = { delta, blocks: blocks.subarray(at), tweak: tweak + cots, suite };
    const followed = second.answer(rest, corrections.subarray(split), begin, end);
    const answers = both(answered, followed);
    giveBack(answered, followed);
    return answers;
  },
});

export const joinedReceiver = (first: ReceiverJob, second: ReceiverJob): ReceiverJob => ({
  ...joinedJob(first, second),
  begin({ blocks, tweak, suite, choices }: ReceiverCots, begin, end) {
    const cots = (end - begin) * first.cotsPerItem;
    const at = cots * BLOCK_BYTES;
    const asked = first.begin(
      { blocks: blocks.subarray(0, at), tweak, suite, choices: choices.subarray(0, cots) },
      begin,
      end,
    );
    const rest = { blocks: blocks.subarray(at), tweak: tweak + cots, suite, choices: choices.subarray(cots) };
    return both(asked, second.begin(rest, begin, end));
  },
  finish(message, begin, end) {
    const split = first.messageBytes(end - begin);
    first.finish(message.subarray(0, split), begin, end);
    second.finish(message.subarray(split), begin, end);
  },
});
