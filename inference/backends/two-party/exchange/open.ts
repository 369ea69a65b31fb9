/** Opening of shares: each party that learns the value receives the other's share, packed. One flight to one party; where both learn it, `first` sends first. */
import { kernels } from '#kernels';
import type { PartyId } from '../../../core/tensors.js';
import { type PartyContext, runStep } from '../context/party-context.js';
import { exchangeInTurn, posted } from './in-turn.js';

type Opening = Pick<PartyContext, 'session' | 'steps'>;

/** Sends our bytes to a peer that learns the value; receives the peer's if we do, and is null otherwise. */
async function trade(
  party: Opening,
  own: Uint8Array,
  to: PartyId | 'all',
  first: PartyId,
): Promise<Uint8Array | null> {
  const { self, channel } = party.session;
  const send = (): void => channel.send(own);
  const receive = () => channel.receive(own.length);
  if (to === 'all') return exchangeInTurn(party, send, receive, first);
  let received: Promise<Uint8Array> | null = null;
  await runStep(party, {
    begin() {
      if (to === self) received = posted(receive());
      else send();
    },
    finish: () => received ?? undefined,
  });
  return received;
}

/** x modulo 2^ringBits [n] → the value [n], ringBits bits an element */
export async function open(
  party: Opening,
  x: BigUint64Array,
  ringBits: number,
  to: PartyId | 'all',
  first: PartyId = 'server',
): Promise<BigUint64Array | null> {
  const packed = new Uint8Array(Math.ceil((x.length * ringBits) / 8));
  kernels.ringPack(x, ringBits, packed);
  const received = await trade(party, packed, to, first);
  if (received === null) return null;
  const value = new BigUint64Array(x.length);
  kernels.ringUnpackAdd(received, ringBits, x, value);
  return value;
}

/** bits [n] → the bits in the clear [n], one bit an element */
export async function openBits(
  party: Opening,
  bits: Uint8Array,
  to: PartyId | 'all',
  first: PartyId = 'server',
): Promise<Uint8Array | null> {
  const words = new BigUint64Array(bits.length);
  kernels.ringFromBits(bits, words);
  const value = await open(party, words, 1, to, first);
  if (value === null) return null;
  const out = new Uint8Array(bits.length);
  kernels.ringSignBit(value, 1, out);
  return out;
}
