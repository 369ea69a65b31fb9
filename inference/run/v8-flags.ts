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
 * Node 20 alone: from Node 22 on V8 counts calls, waits longer by itself, and complains of the flag.
 */
const LATE_OPTIMISATION = '--interrupt-budget=1056768';
const LAST_WITH_BUDGET = 11;

/**
 * A whole collection waits until the heap is three times what the last one left. A party has some 20 MB of objects, of which V8 takes most
 * collections to leave nearly all, and so begins the next after a few more: half of those of a text.
 */
const ROOM_TO_GROW = '--heap-growing-percent=200';

/**
 * Small collections in one thread. V8 takes a party, which waits half of the time, for idle and keeps its nursery at a megabyte or less; what lives there is
 * copied in less time than other threads take to wake up, on processors that kernels and the other party use.
 */
const SMALL_COLLECTIONS = '--no-parallel-scavenge';

/** For the entry of a process that runs a party, before it loads anything; what its first tensors start lasts. */
export function setV8Flags(): void {
  const version = Number.parseInt(process.versions.v8, 10);
  const late = version <= LAST_WITH_BUDGET ? [LATE_OPTIMISATION] : [];
  const flags = [WHOLE_COLLECTIONS, ...late, ROOM_TO_GROW, SMALL_COLLECTIONS];
  for (const flag of flags) setFlagsFromString(flag);
}

/**
 * For a client that computes next to nothing. The nursery of new objects stays at its first megabyte: a vocabulary that is read once makes V8
 * triple it several times, for good. Nothing is compiled to optimised code, which takes 6 megabytes less and no more time. (What compiles later or
 * smaller takes 2 megabytes more off and doubles the time of a text.)
 */
const SMALL_CLIENT = ['--semi-space-growth-factor=1', '--no-opt'];

/** For a process that is a client of three nodes, in place of a party's: without incremental marking it keeps 30 megabytes of garbage. */
export function setSmallClientFlags(): void {
  for (const flag of SMALL_CLIENT) setFlagsFromString(flag);
}
