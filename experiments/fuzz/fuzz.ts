/** Reads so many mutated inputs by each target and collects what was no refusal. */
import { mutated, Words } from './mutate.js';
import { isRefusal, type Target } from './targets.js';

export interface Finding {
  readonly target: string;
  readonly input: Uint8Array;
  readonly fault: string;
}

export interface FuzzResult {
  readonly inputs: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
}

/** Inputs that are read in longer than this are faults; the largest valid ones take milliseconds. */
const MOST_MILLISECONDS = 5_000;

export async function fuzz(target: Target, inputs: number, seed: number): Promise<FuzzResult> {
  const words = new Words(seed);
  const findings: Finding[] = [];
  let refused = 0;
  for (let i = 0; i < inputs; i++) {
    // The valid inputs themselves come first.
    const input = target.corpus[i] ?? mutated(target.corpus, words);
    const started = performance.now();
    try {
      await target.read(input);
    } catch (error) {
      refused++;
      if (!isRefusal(error))
        findings.push({ target: target.name, input, fault: String((error as Error).stack ?? error) });
    }
    const took = performance.now() - started;
    if (took > MOST_MILLISECONDS)
      findings.push({ target: target.name, input, fault: `took ${Math.round(took)} ms` });
    if (findings.length >= 20) break;
  }
  return { inputs, refused, findings };
}
