/** The thread of base-ot-thread.ts: calls of base-ot-math.ts, one after another. */
import { parentPort } from 'node:worker_threads';
import { type BaseOtMath, baseOtMath } from './base-ot-math.js';
import type { Answer, Call } from './base-ot-thread.js';

type Result = Awaited<ReturnType<BaseOtMath[keyof BaseOtMath]>>;

function run({ name, operands }: Call): Promise<Result> {
  const [a, b, c] = operands as [Uint8Array, Uint8Array, Uint8Array];
  if (name === 'point') return baseOtMath.point(a);
  return name === 'senderKeys' ? baseOtMath.senderKeys(a, b) : baseOtMath.receiver(a, b, c);
}

parentPort?.on('message', async (call: Call) => {
  const { id } = call;
  const answer: Answer = await run(call).then(
    (result) => ({ id, result }),
    (error: Error) => ({ id, error: error.message }),
  );
  parentPort?.postMessage(answer);
});
