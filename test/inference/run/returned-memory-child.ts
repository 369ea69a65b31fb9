/** A process that drops much, is idle, and reports its resident bytes before, with, and after that memory was given back. */
import { returnMemory } from '../../../inference/run/return-memory.js';

const ARRAYS = 200;
/** Below what the allocator maps for itself: such blocks are kept when they are freed. */
const ARRAY_BYTES = 2 ** 20;

function fill(): number {
  const arrays = Array.from({ length: ARRAYS }, () => new Uint8Array(ARRAY_BYTES).fill(1));
  return process.memoryUsage.rss() - arrays.length;
}

await returnMemory();
const before = process.memoryUsage.rss();
const most = fill();
await new Promise((resolve) => setTimeout(resolve, 0));
await returnMemory();
process.send!({ before, most, after: process.memoryUsage.rss() }, () => process.disconnect());
