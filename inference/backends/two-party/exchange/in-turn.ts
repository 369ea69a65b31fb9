/** Messages that wait for nothing of each other, one each way, in turn. */
import type { PartyId } from '../../../core/tensors.js';
import { type PartyContext, runStep } from '../context/party-context.js';

/** A receive that is waited for later: whoever awaits it reports its error. */
export function posted<T>(received: Promise<T>): Promise<T> {
  received.catch(() => {});
  return received;
}

/**
 * One message each way, neither of which waits for the other: `first` sends first, the other one answers. What is sent is made before, and
 * what came is read after, so that nobody waits for either. `receive` posts what is to be received, in the order in which the peer sends it
 * → what came.
 */
export async function exchangeInTurn<T>(
  party: Pick<PartyContext, 'session' | 'steps'>,
  send: () => void,
  receive: () => Promise<T>,
  first: PartyId,
): Promise<T> {
  let received: Promise<T>;
  const isFirst = party.session.self === first;
  await runStep(party, {
    begin() {
      if (isFirst) send();
      else received = posted(receive());
    },
    answer: () => (isFirst ? undefined : received.then(send)),
    finish() {
      if (isFirst) received = receive();
      return received;
    },
  });
  return received!;
}
