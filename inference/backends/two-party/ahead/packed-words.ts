/** Words on the wire, `bits` bits each; no message for a ring of no bits. */
import { kernels } from '#kernels';
import type { PartyId } from '../../../core/tensors.js';
import { giveBack, takeBytes, takeWords } from '../../../core/words.js';
import { type Channel, sendTaken } from '../../../net/channel.js';
import type { PartyContext } from '../context/party-context.js';
import { exchangeInTurn } from '../exchange/in-turn.js';

const bytesOf = (count: number, bits: number): number => Math.ceil((count * bits) / 8);

function packed(words: BigUint64Array, bits: number): Uint8Array {
  const bytes = takeBytes(bytesOf(words.length, bits));
  if (bytes.length > 0) kernels.ringPack(words, bits, bytes);
  return bytes;
}

/** x - mask modulo 2^bits, packed: uniform, since the mask is and is used once. */
export function packedDifference(x: BigUint64Array, mask: BigUint64Array, bits: number): Uint8Array {
  const bytes = takeBytes(bytesOf(x.length, bits));
  if (bytes.length > 0) kernels.ringPackDifference(x, mask, bits, bytes);
  return bytes;
}

/** Sends it; nothing of no bits. */
export function sendDifference(
  channel: Channel,
  x: BigUint64Array,
  mask: BigUint64Array,
  bits: number,
): void {
  sendPacked(channel, packedDifference(x, mask, bits));
}

/** What was packed here, which is gone then; nothing where there is nothing. */
export function sendPacked(channel: Channel, bytes: Uint8Array): void {
  if (bytes.length > 0) sendTaken(channel, bytes);
}

/** What the peer sent packed, the caller's to give back. */
export const receivePacked = (channel: Channel, count: number, bits: number): Promise<Uint8Array> =>
  bits === 0 || count === 0 ? Promise.resolve(new Uint8Array(0)) : channel.receive(bytesOf(count, bits));

/** Taken (core/words.ts), and the caller's to give back. */
export async function receiveWords(channel: Channel, count: number, bits: number): Promise<BigUint64Array> {
  if (bits === 0 || count === 0) return new BigUint64Array(0);
  const bytes = await channel.receive(bytesOf(count, bits));
  const words = takeWords(count);
  kernels.ringUnpack(bytes, bits, words);
  giveBack(bytes);
  return words;
}

/** Bits, one byte 0 or 1 each, eight in a byte. */
export function packedBits(bits: Uint8Array): Uint8Array {
  const bytes = takeBytes(bytesOf(bits.length, 1));
  if (bytes.length > 0) kernels.bitsPack(bits, bytes);
  return bytes;
}

export const sendBits = (channel: Channel, bits: Uint8Array): void => sendPacked(channel, packedBits(bits));

/** Taken likewise. */
export async function receiveBits(channel: Channel, count: number): Promise<Uint8Array> {
  if (count === 0) return new Uint8Array(0);
  const bytes = await channel.receive(bytesOf(count, 1));
  const bits = takeBytes(count);
  kernels.bitsUnpack(bytes, bits);
  giveBack(bytes);
  return bits;
}

/**
 * x - mask at both parties, opened to both: uniform, since the mask is and is used once. `first` sends first and the other one answers: in a chain
 * of protocols in which parties take turns, its words leave with what it answered before. The result is taken, and the caller's to give back.
 */
export async function openDifference(
  party: PartyContext,
  x: BigUint64Array,
  mask: BigUint64Array,
  bits: number,
  first: PartyId,
): Promise<BigUint64Array> {
  const own = takeWords(x.length);
  kernels.ringSubtract(x, mask, bits, own);
  await openWords(party, own, bits, first);
  return own;
}

/** Adds the peer's words to one's own. */
async function openWords(
  party: PartyContext,
  own: BigUint64Array,
  bits: number,
  first: PartyId,
): Promise<void> {
  const opened = await exchangePacked(party, packed(own, bits), first);
  kernels.ringUnpackAdd(opened, bits, own, own);
  giveBack(opened);
}

/** As many bytes each way → the peer's, the caller's to give back. */
function exchangePacked(party: PartyContext, own: Uint8Array, first: PartyId): Promise<Uint8Array> {
  const { channel } = party.session;
  return exchangeInTurn(
    party,
    () => sendPacked(channel, own),
    () => receivePacked(channel, own.length, 8),
    first,
  );
}

/** Bits, one byte 0 or 1 each, of both parties to each other, likewise → the peer's, taken. */
export async function exchangeBits(
  party: PartyContext,
  own: Uint8Array,
  first: PartyId,
): Promise<Uint8Array> {
  const received = await exchangePacked(party, packedBits(own), first);
  const bits = takeBytes(own.length);
  kernels.bitsUnpack(received, bits);
  giveBack(received);
  return bits;
}

/** x XOR a and y XOR b of bits, one byte each, likewise: two parts of one array. */
export async function openBitDifferences(
  party: PartyContext,
  [x, a]: readonly [Uint8Array, Uint8Array],
  [y, b]: readonly [Uint8Array, Uint8Array],
  first: PartyId,
): Promise<readonly [Uint8Array, Uint8Array]> {
  const own = takeBytes(x.length + y.length);
  const parts = [own.subarray(0, x.length), own.subarray(x.length)] as const;
  kernels.bitsXor(x, a, parts[0]);
  kernels.bitsXor(y, b, parts[1]);
  const opened = await exchangeBits(party, own, first);
  kernels.bitsXor(own, opened, own);
  giveBack(opened);
  return parts;
}

/** x - a and y - b at both parties, opened to both, as above: two parts of one array. */
export async function openDifferences(
  party: PartyContext,
  [x, a]: readonly [BigUint64Array, BigUint64Array],
  [y, b]: readonly [BigUint64Array, BigUint64Array],
  bits: number,
  first: PartyId,
): Promise<readonly [BigUint64Array, BigUint64Array]> {
  const own = takeWords(x.length + y.length);
  const parts = [own.subarray(0, x.length), own.subarray(x.length)] as const;
  kernels.ringSubtract(x, a, bits, parts[0]);
  kernels.ringSubtract(y, b, bits, parts[1]);
  await openWords(party, own, bits, first);
  return parts;
}
