/**
 * The oblivious transfers of comparisons ahead of time: the receiver begins with random digits r and keeps the pads of its
 * messages, the sender keeps the pads of all messages of each digit (16 bytes for a 13-bit comparison, against 192 of COTs).
 * Online the receiver says by which bits its digits differ from r, which is uniform, and the sender takes its pads in that
 * order. The same two messages as on demand, without a COT and without hashing. Copies that differ by public constants share r.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import { giveBack, takeWords } from '../../../core/words.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import type { Step } from '../context/steps.js';
import { type Range, rangesOf } from '../exchange/cot-exchange.js';
import type { ComparisonCorrelation } from '../../../material/correlation.js';
import { PackedStore } from './packed-store.js';
import { posted } from '../exchange/in-turn.js';

/** Comparisons of one message, so that both parties work at the same time; a multiple of 8. */
const CHUNK = 1 << 13;
/** COTs of one step while they are made. */
const CHUNK_COTS = 1 << 15;
/** Steps that the receiver may be ahead of the sender. */
const STEPS = 32;

export class ComparisonPool {
  /** To be kept over connections: what was hashed says nothing of the delta of this one. */
  readonly store: PackedStore;
  readonly #isSender: boolean;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: ComparisonCorrelation,
  ) {
    const { ringBits, copies, sender } = correlation;
    this.#isSender = party.session.self === sender;
    const padWords = kernels.comparisonPadWords(ringBits);
    const padBits = padWords > 1 ? 64 : kernels.comparisonPadBits(ringBits);
    const ofCopy = this.#isSender
      ? { width: kernels.comparisonTableWords(ringBits), bits: 64 }
      : { width: padWords, bits: padBits };
    const own = this.#isSender ? [] : [{ width: 1, bits: ringBits - 1 }];
    this.store = new PackedStore([...own, ...Array.from({ length: copies }, () => ofCopy)]);
  }

  async fill(count: number): Promise<void> {
    const missing = Math.max(0, count - this.store.available);
    const step = Math.max(1, Math.floor(CHUNK_COTS / (this.correlation.ringBits - 1)));
    for (const [i, [begin, end]] of rangesOf([0, missing], step).entries()) {
      await this.#make(end - begin);
      if (i % STEPS === STEPS - 1) await this.#acknowledge();
    }
  }

  /** Sends nothing but what the COTs need. */
  readonly #make = protocol('comparisons ahead', async (items: number): Promise<void> => {
    const { ringBits, copies } = this.correlation;
    const bits = ringBits - 1;
    const { sender, receiver } = this.party.cots;
    const numbers = Array.from({ length: copies }, (_, copy) => copy);
    if (this.#isSender) {
      const { delta, blocks, tweak, suite } = await sender.take(items * bits);
      const tables = numbers.map((copy) => {
        const made = new BigUint64Array(items * kernels.comparisonTableWords(ringBits));
        kernels.comparisonTables({ delta, blocks, tweak, suite, ringBits, tables: made, pad: copy });
        return made;
      });
      this.store.add(items, tables);
      return;
    }
    const { blocks, choices, tweak, suite } = await receiver.lend(items * bits);
    const r = complementOf(choices, bits);
    // The digits of r are the random choices themselves: no corrections.
    const corrections = new Uint8Array(Math.ceil((items * bits) / 8));
    const pads = numbers.map((copy) => {
      const made = new BigUint64Array(items * kernels.comparisonPadWords(ringBits));
      kernels.comparisonBegin({
        blocks,
        tweak,
        suite,
        random: choices,
        x: r,
        ringBits,
        pads: made,
        corrections,
        pad: copy,
      });
      return made;
    });
    this.store.add(items, [r, ...pads]);
  });

  /** Nothing else keeps the receiver, whose COTs may come from what it sends itself, from running ahead. */
  async #acknowledge(): Promise<void> {
    const { channel } = this.party.session;
    if (this.#isSender) channel.send(new Uint8Array(1));
    else await channel.receive(1);
  }

  /** This party's share [copies, n] modulo 2^digits for x [copies, n]; n comparisons are used up. */
  readonly carryShares = protocol('carry', async (x: BigUint64Array): Promise<BigUint64Array> => {
    const share = takeWords(x.length);
    const windows = rangesOf([0, x.length / this.correlation.copies], STEPS * CHUNK).map((window) => {
      const chunks = rangesOf(window, CHUNK);
      return { chunks, made: chunks.map(([begin, end]) => this.store.take(end - begin) as BigUint64Array[]) };
    });
    for (const { chunks, made } of windows) {
      await runStep(
        this.party,
        this.#isSender ? this.#answer(x, chunks, made, share) : this.#ask(x, chunks, made, share),
      );
    }
    return share;
  });

  #answer(
    x: BigUint64Array,
    chunks: readonly Range[],
    made: readonly BigUint64Array[][],
    share: BigUint64Array,
  ): Step {
    const { ringBits } = this.correlation;
    const { channel } = this.party.session;
    let received: readonly Promise<Uint8Array>[] = [];
    const begin = (): undefined => {
      received = chunks.map(([first, end]) =>
        posted(channel.receive(Math.ceil(((end - first) * (ringBits - 1)) / 8))),
      );
    };
    const answer = async (): Promise<void> => {
      for (const [c, range] of chunks.entries()) {
        const corrections = await received[c]!;
        made[c]!.forEach((table, copy) => {
          const message = new Uint8Array(this.#messageBytes(range));
          kernels.comparisonAnswer({
            tables: table,
            corrections,
            x: this.#part(x, copy, range),
            ringBits,
            share: this.#part(share, copy, range),
            message,
          });
          channel.send(message);
        });
        giveBack(...made[c]!);
      }
    };
    return { begin, answer };
  }

  /** Its x is the same in all copies. */
  #ask(
    x: BigUint64Array,
    chunks: readonly Range[],
    made: readonly BigUint64Array[][],
    share: BigUint64Array,
  ): Step {
    const { ringBits } = this.correlation;
    const { channel } = this.party.session;
    const begin = (): undefined => {
      for (const [c, range] of chunks.entries())
        channel.send(differences(this.#part(x, 0, range), made[c]![0]!, ringBits - 1));
    };
    const finish = async (): Promise<void> => {
      for (const [c, range] of chunks.entries()) {
        for (const [copy, pads] of made[c]!.slice(1).entries()) {
          const message = await channel.receive(this.#messageBytes(range));
          kernels.comparisonFinish({
            x: this.#part(x, copy, range),
            message,
            ringBits,
            pads,
            share: this.#part(share, copy, range),
          });
        }
        giveBack(...made[c]!);
      }
    };
    return { begin, finish };
  }

  #messageBytes([begin, end]: Range): number {
    return kernels.comparisonMessageBytes(end - begin, this.correlation.ringBits);
  }

  /** Some items of one copy. */
  #part(words: BigUint64Array, copy: number, [begin, end]: Range): BigUint64Array {
    const first = (copy * words.length) / this.correlation.copies;
    return words.subarray(first + begin, first + end);
  }
}

/** choices [n · bits], one byte each → words whose complement they are [n] */
function complementOf(choices: Uint8Array, bits: number): BigUint64Array {
  const words = new BigUint64Array(choices.length);
  const flipped = new Uint8Array(choices.length);
  kernels.bitsNot(choices, flipped);
  kernels.ringFromBits(flipped, words);
  const stream = new Uint8Array(Math.ceil(choices.length / 8));
  kernels.ringPack(words, 1, stream);
  const out = new BigUint64Array(choices.length / bits);
  kernels.ringUnpack(stream, bits, out);
  return out;
}

/** x XOR r modulo 2^bits [n], packed */
function differences(x: BigUint64Array, r: BigUint64Array, bits: number): Uint8Array {
  const low = new BigUint64Array(x.length);
  kernels.ringMask(x, bits, low);
  const bytes = new Uint8Array(low.buffer);
  kernels.bitsXor(bytes, new Uint8Array(r.buffer, r.byteOffset, r.byteLength), bytes);
  const packed = new Uint8Array(Math.ceil((x.length * bits) / 8));
  kernels.ringPack(low, bits, packed);
  return packed;
}
