/** How V8 runs a party: nearly all of its work is in kernels, its JavaScript tells them what to do. */
import { setFlagsFromString } from 'node:v8';

/**
 * Tensors and messages are typed arrays, which V8 counts as external memory. With incremental marking it starts to trace the
 * whole heap whenever they have grown by some 64 MB, a hundred times in one inference of BERT-medium, although scavenges
 * free nearly all of them: a quarter of a party's processor time. Without it V8 collects ten times less often, in pauses of
 * some 10 ms, in no more memory.
 */
const WHOLE_COLLECTIONS = '--no-incremental-marking';

/**
 * Bytes of bytecode after which a function is compiled to optimised code, eight times V8's default: a seventh of a party's processor
 * time went into compiling functions that a text runs some hundred times. What a server runs over and over is still compiled.
 */
const LATE_OPTIMISATION = '--interrupt-budget=1056768';

/** For the entry of a process that runs a party; what its first tensors start lasts. */
export function setV8Flags(): void {
  for (const flag of [WHOLE_COLLECTIONS, LATE_OPTIMISATION]) setFlagsFromString(flag);
}

/**
 * The nursery of new objects stays at its first megabyte: a vocabulary that is read once makes V8 triple it several times, for good.
 * A client of three nodes computes next to nothing, and takes ten megabytes less.
 */
const SMALL_NURSERY = '--semi-space-growth-factor=1';

/** For a process that is a client of three nodes, before it loads anything. */
export const setSmallClientFlags = (): void => setFlagsFromString(SMALL_NURSERY);
