/** Processors for each party of a benchmark: a command that binds what it starts to some of them (taskset, Linux). */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import type { PartyId } from '../inference/core/tensors.js';

export interface Affinity {
  /** Both parties have the same processors: the machine has too few. */
  readonly shared: boolean;
  prefix(role: PartyId): readonly string[];
}

/** The processors that this process may use, by number. */
function ownProcessors(): number[] {
  const { stdout, status } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  const list = status === 0 ? /:\s*([\d,-]+)\s*$/.exec(stdout)?.[1] : undefined;
  if (list === undefined)
    throw new Error('cores: expected taskset (Linux) to bind the parties to processors, found none');
  return list.split(',').flatMap((range) => {
    const [first, last] = range.split('-').map(Number) as [number, number?];
    return Array.from({ length: (last ?? first) - first + 1 }, (_, at) => first + at);
  });
}

/** @throws Error if the machine has fewer processors, or nothing to bind processes to them */
export function affinityOf(cores: number): Affinity {
  if (cores > availableParallelism())
    throw new RangeError(`cores: expected at most ${availableParallelism()}, got ${cores}`);
  const processors = ownProcessors();
  const shared = processors.length < 2 * cores;
  const own = {
    server: processors.slice(0, cores),
    client: processors.slice(shared ? 0 : cores).slice(0, cores),
  };
  return { shared, prefix: (role) => ['taskset', '-c', own[role].join(',')] };
}
