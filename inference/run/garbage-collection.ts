/**
 * Tensors and messages are typed arrays, which V8 counts as external memory. With incremental marking it starts to trace the
 * whole heap whenever they have grown by some 64 MB, a hundred times in one inference of BERT-medium, although scavenges
 * free nearly all of them: a quarter of a party's processor time. Without it V8 collects ten times less often, in pauses of
 * some 10 ms, in no more memory.
 */
import { setFlagsFromString } from 'node:v8';

/** For the entry of a process that runs a party; what its first tensors start lasts. */
export function collectInWhole(): void {
  setFlagsFromString('--no-incremental-marking');
}
