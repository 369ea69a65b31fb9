/** Correlated OTs from one seed that both parties of a test know: no security, no messages. */
import type { SuiteCode } from '../../kernels/types/prg.js';
import type { CotPair, ReceiverCots, SenderCots } from '../../inference/crypto/ot/cot.js';
import { Prg } from '../../inference/crypto/prg.js';

const BLOCK_BYTES = 16;

/** One direction: both halves draw the same blocks from equal generators. */
class Dealer {
  readonly #prg: Prg;
  readonly #delta: Uint8Array;
  #tweak = 0;

  constructor(
    seed: number,
    readonly suite: SuiteCode,
  ) {
    this.#prg = Prg.insecureForTests(seed);
    this.#delta = this.#prg.bytes(BLOCK_BYTES);
    this.#delta[0]! |= 1;
  }

  #next(count: number) {
    const blocks = this.#prg.bytes(count * BLOCK_BYTES);
    const choices = this.#prg.bytes(count).map((byte) => byte & 1);
    const tweak = this.#tweak;
    this.#tweak += count;
    return { blocks, choices, tweak };
  }

  async takeSender(count: number): Promise<SenderCots> {
    const { blocks, tweak } = this.#next(count);
    return { delta: this.#delta, blocks, tweak, suite: this.suite };
  }

  async takeReceiver(count: number): Promise<ReceiverCots> {
    const { blocks, choices, tweak } = this.#next(count);
    const received = blocks.map((byte, at) => byte ^ (choices[at >> 4]! * this.#delta[at & 15]!));
    return { choices, blocks: received, tweak, suite: this.suite };
  }
}

/** [server, client]. */
export function insecureCotPairs(
  seed: number,
  suite: SuiteCode = 0,
): readonly [server: CotPair, client: CotPair] {
  const pair = (senderSeed: number, receiverSeed: number): CotPair => {
    const sender = new Dealer(senderSeed, suite);
    const receiver = new Dealer(receiverSeed, suite);
    return {
      suite,
      sender: {
        take: (count) => sender.takeSender(count),
        claim(count) {
          const claimed = sender.takeSender(count);
          return async () => ({ ...(await claimed), done() {} });
        },
      },
      receiver: {
        take: (count) => receiver.takeReceiver(count),
        lend: (count) => receiver.takeReceiver(count),
      },
    };
  };
  return [pair(2 * seed, 2 * seed + 1), pair(2 * seed + 1, 2 * seed)];
}
