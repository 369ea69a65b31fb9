/** One party asks, the other one's answer depends on what it asked. */
import { type PartyContext, runStep } from '../context/party-context.js';
import { posted } from '../exchange/in-turn.js';
import { receiveWords } from './packed-words.js';

/** The first party's step: what it receives, `receive` waits for in order. */
export async function asking<T>(
  party: PartyContext,
  send: () => void,
  receive: () => Promise<T>,
): Promise<T> {
  let received: T;
  await runStep(party, {
    begin() {
      send();
    },
    async finish() {
      received = await receive();
    },
  });
  return received!;
}

/** The second party's: `answer` gets the first one's words [count] and may change them → the words */
export async function answering(
  party: PartyContext,
  count: number,
  bits: number,
  answer: (words: BigUint64Array) => void,
): Promise<BigUint64Array> {
  const { channel } = party.session;
  let received: Promise<BigUint64Array>;
  await runStep(party, {
    begin() {
      received = posted(receiveWords(channel, count, bits));
    },
    answer: () => received.then(answer),
  });
  return received!;
}
