/**
 * Gives back what ended connections have left. V8 frees the memory of typed arrays only when it collects, which an idle process does
 * not, and the allocator keeps what was freed.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
// A process of Node has memory to give back, whatever conditions its modules are read under.
import { returnFreedMemory } from '../../kernels/node.js';
import { dropIdle } from '../core/words.js';

let collect: (() => void) | null = null;

/** V8's own collection: a context that begins while the flag is set has it. */
function openCollect(): () => void {
  setFlagsFromString('--expose-gc');
  const gc: () => void = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}

/** Takes some 100 ms, for moments in which nothing else is to do. */
export async function returnMemory(): Promise<void> {
  collect ??= openCollect();
  dropIdle();
  collect();
  // A thread frees the memory of arrays after the collection that found them; the second one waits for it.
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  returnFreedMemory();
}
