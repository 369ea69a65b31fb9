/**
 * Tables at shared places ahead of time, for any table of their size: shares of a 1 at a random place of a vector of zeros (unit-vectors.ts). Online
 * the distance to that place is opened, which is uniform, and each party sums its vector times the turned table. 2m bits an
 * element in place of the table; no COT.
 */
import { kernels } from '#kernels';
import { protocol } from '../../../core/span.js';
import type { PartyId, RingTensor } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import type { LookUpCorrelation, Use } from '../../../material/correlation.js';
import type { PartyContext } from '../context/party-context.js';
import type { Turns } from '../context/turns.js';
import type { LongTable } from '../products/multiplications.js';
import { type Field, PackedStore, type Take } from './packed-store.js';
import { openDifference } from './packed-words.js';
import { bitRows, unitBitVectors, unitVectors } from './unit-vectors.js';

/** Words of one batch. */
export const BATCH_WORDS = 1 << 20;
/** Elements of one batch: the places take a COT a bit. */
const MOST_BATCH = 1 << 18;

export const lookUpUse = (count: number, indexBits: number, ringBits: number): Use => [
  [{ kind: 'look-up', indexBits, ringBits }, count],
];

/** While a vector is made: bits are packed, numbers are not. */
export const wordsOf = ({ indexBits, ringBits }: LookUpCorrelation): number =>
  ringBits === 1 ? bitRows(indexBits).width : 2 ** indexBits;

/** A vector as words that are as long as fit into it: a bit stream is one whatever it is cut into. */
function vectorField({ indexBits, ringBits }: LookUpCorrelation): Field {
  const vectorBits = 2 ** indexBits * ringBits;
  let bits = 1;
  while (bits < 64 && vectorBits % (2 * bits) === 0) bits *= 2;
  return { width: vectorBits / bits, bits };
}

export class LookUpPool {
  /** To be kept over connections. */
  readonly store: PackedStore;
  readonly #vector: Field;

  constructor(
    private readonly party: PartyContext,
    readonly correlation: LookUpCorrelation,
  ) {
    this.#vector = vectorField(correlation);
    const vector = { ...this.#vector, as: 'stream' } as const;
    this.store = new PackedStore([{ width: 1, bits: correlation.indexBits }, vector]);
  }

  async fill(count: number, turns: Turns): Promise<void> {
    const batch = Math.min(MOST_BATCH, Math.floor(BATCH_WORDS / wordsOf(this.correlation)));
    while (this.store.available < count)
      await this.#make(Math.min(batch, count - this.store.available), turns);
  }

  readonly #make = protocol('look-ups ahead', async (items: number, turns: Turns): Promise<void> => {
    const { indexBits, ringBits } = this.correlation;
    if (ringBits === 1) {
      const made = await unitBitVectors(this.party, items, { indexBits, ringBits: indexBits }, turns.take());
      this.store.add(items, [made.places, made.vectors]);
      giveBack(made.places, made.vectors);
      return;
    }
    const ones = new BigUint64Array(items).fill(this.party.session.self === 'server' ? 1n : 0n);
    const { places, vectors } = await unitVectors(this.party, ones, this.correlation, turns.take());
    const { width, bits } = this.#vector;
    const stream = new Uint8Array(Math.ceil((items * width * bits) / 8));
    kernels.ringPack(vectors, ringBits, stream);
    const words = takeWords(items * width);
    kernels.ringUnpack(stream, bits, words);
    this.store.add(items, [places, words]);
    giveBack(places, vectors, words);
  });

  /** x [n] → table[x] [n]; n are used up */
  readonly lookUp = protocol(
    'lookUp',
    async (x: BigUint64Array, { data: table }: RingTensor, first: PartyId): Promise<BigUint64Array> => {
      const out = takeWords(x.length);
      const [places, fields] = this.store.take(x.length) as [BigUint64Array, Uint8Array];
      const shifts = await openDifference(this.party, x, places, this.correlation.indexBits, first);
      kernels.unitVectorSums({ ...this.correlation, shifts, table, fields, out });
      giveBack(places, shifts, fields);
      return out;
    },
  );

  /** x [n] → shares of the bits of table[x] [entryBits, n], one byte 0 or 1 each, the lowest first; n vectors of bits are used up, later. */
  claimEntries(items: number): LongTable {
    const take = this.store.claim(items);
    return (x, table, entryBits, first) => this.#entries(take, x, table, entryBits, first);
  }

  readonly #entries = protocol(
    'lookUp',
    async (
      take: Take,
      x: BigUint64Array,
      table: BigUint64Array,
      entryBits: number,
      first: PartyId,
    ): Promise<Uint8Array> => {
      const { indexBits } = this.correlation;
      const [places, fields] = take(x.length) as [BigUint64Array, Uint8Array];
      const shifts = await openDifference(this.party, x, places, indexBits, first);
      const out = takeBytes(entryBits * x.length);
      kernels.bitTableEntries({ indexBits, ringBits: entryBits, shifts, table, fields, out });
      giveBack(places, shifts, fields);
      return out;
    },
  );
}
