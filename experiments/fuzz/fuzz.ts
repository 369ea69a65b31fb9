/**
 * Reads so many mutated inputs by each target and collects what was no refusal. With coverage, inputs that reach something new join
 * those that are mutated.
 */
import type { Coverage } from './coverage.js';
import { MOST_BYTES, mutated, Words } from './mutate.js';
import { isRefusal, type Target } from './target.js';

export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly fault: string;
}

export interface FuzzResult {
  readonly inputs: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
  /** Inputs that reached something new; empty without coverage. */
  readonly kept: readonly Uint8Array[];
}

export interface FuzzOptions {
  readonly inputs: number;
  readonly seed: number;
  /** Inputs of earlier runs, read first and mutated too. */
  readonly known?: readonly Uint8Array[];
  readonly coverage?: Coverage | null;
}

/** Inputs that are read in longer than this are faults; the largest valid ones take milliseconds. */
const MOST_MILLISECONDS = 5_000;
const MOST_FINDINGS = 20;

/** What was wrong with how an input was read; null: it was read, or refused. */
async function outcome(
  target: Target,
  input: Uint8Array,
): Promise<{ refused: boolean; fault: string | null }> {
  const started = performance.now();
  let refused = false;
  let fault: string | null = null;
  try {
    await target.read(input);
  } catch (error) {
    refused = true;
    if (!isRefusal(error)) fault = String((error as Error).stack ?? error);
  }
  const took = performance.now() - started;
  if (took > MOST_MILLISECONDS) fault ??= `took ${Math.round(took)} ms`;
  return { refused, fault };
}

export async function fuzz(
  target: Target,
  { inputs, seed, known = [], coverage = null }: FuzzOptions,
): Promise<FuzzResult> {
  const words = new Words(seed);
  const corpus = [...target.corpus, ...(target.refusals ?? []), ...known];
  const given = corpus.length;
  const mostBytes = Math.max(MOST_BYTES, ...target.corpus.map(({ length }) => 2 * length));
  const findings: Finding[] = [];
  let refused = 0;
  for (let i = 0; i < inputs && findings.length < MOST_FINDINGS; i++) {
    // The valid inputs themselves come first.
    const input = i < given ? corpus[i]! : mutated(corpus, words, mostBytes);
    const result = await outcome(target, input);
    if (result.refused) refused++;
    if (result.fault !== null) findings.push({ target: target.name, input, fault: result.fault });
    if (coverage?.takeNews() && i >= given) corpus.push(input);
  }
  return { inputs, refused, findings, kept: corpus.slice(given) };
}
