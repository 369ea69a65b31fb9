/**
 * Work that does not wait for other work, over one channel and the same COTs and pools. Every exchange of messages is a step
 * in three parts: what leaves before anything of the peer's is needed, what answers the peer's first part, and what waits for the
 * peer's answer. Alone, a step runs as it comes. Strands that run side by side stop at each step until all of them stand at
 * one or are done; then the first parts of all these steps run, one strand's after the other's, then the second ones, then the
 * third. So strands share their rounds, and messages need no label.
 *
 * Only one strand's code runs at a time, in their order: whatever is claimed or taken between two steps is taken in the same
 * order at both parties, whoever is faster. What communicates without a step runs through before the next strand goes on.
 */
import { snapshot } from '#context';
import type { Turns } from './turns.js';

/** Of a step: what waits for nothing returns nothing, and costs no promise. */
type Part = () => Promise<unknown> | undefined;

/** One exchange of messages. What is received of the peer's `begin` must be posted in `begin`, of its `answer` in `finish`. */
export interface Step {
  begin: Part;
  answer?: Part;
  finish?: Part;
}

const PARTS = ['begin', 'answer', 'finish'] as const;

/** `flush`: what a part sent leaves before the next one, so that the peer computes at the same time as this party. */
export async function perform(step: Required<Step>, flush?: () => void): Promise<void> {
  for (const part of PARTS) {
    const waiting = step[part]();
    if (waiting) await waiting;
    flush?.();
  }
}

/** The parts of a step, none of which is missing. */
export const partsOf = (step: Step): Required<Step> => ({
  begin: () => step.begin(),
  answer: () => step.answer?.(),
  finish: () => step.finish?.(),
});

/** Runs a step that stands alone. */
type Perform = (step: Required<Step>) => Promise<void>;

class Strand<T> {
  /** Where it stopped; null while it runs and when it is done. */
  step: Required<Step> | null = null;
  result: { readonly value: T } | null = null;
  #goOn: (() => void) | null = null;
  #stopped: () => void = () => undefined;
  #failed: (error: unknown) => void = () => undefined;

  constructor(
    private readonly task: () => Promise<T>,
    readonly turns: Turns,
  ) {}

  /** Runs on to the next step or to the end; throws what the task throws. */
  advance(): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#stopped = resolve;
      this.#failed = reject;
      this.step = null;
      if (this.#goOn) this.#goOn();
      else void this.#start();
    });
  }

  async #start(): Promise<void> {
    try {
      this.result = { value: await this.task() };
      this.#stopped();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Called by the strand's own code; goes on when the step is done. */
  stopAt(step: Step): Promise<void> {
    if (this.step) throw new Error('strand: expected one step at a time');
    const within = snapshot();
    const { begin, answer, finish } = partsOf(step);
    this.step = {
      begin: () => within(begin),
      answer: () => within(answer),
      finish: () => within(finish),
    };
    return new Promise<void>((resolve) => {
      this.#goOn = resolve;
      this.#stopped();
    });
  }
}

/** One step's after the other's, from `first` on. */
function partOfAll(
  steps: readonly Required<Step>[],
  part: (typeof PARTS)[number],
  first = 0,
): ReturnType<Part> {
  for (let i = first; i < steps.length; i++) {
    const waiting = steps[i]![part]();
    if (waiting) return waiting.then(() => partOfAll(steps, part, i + 1));
  }
}

/** All of them as one. */
export const joined = (steps: readonly Required<Step>[]): Required<Step> => ({
  begin: () => partOfAll(steps, 'begin'),
  answer: () => partOfAll(steps, 'answer'),
  finish: () => partOfAll(steps, 'finish'),
});

export class Steps {
  /** The strand whose code runs; null where there is one thing at a time. */
  #current: Strand<unknown> | null = null;

  constructor(private readonly alone: Perform) {}

  run(step: Step): Promise<void> {
    return this.#current ? this.#current.stopAt(step) : this.alone(partsOf(step));
  }

  /** Runs tasks side by side, each with turns that begin as `turns` stand; these go on from the strand that took most. */
  async together<T>(tasks: readonly (() => Promise<T>)[], turns: Turns): Promise<T[]> {
    const outer = this.#current;
    const strands = tasks.map((task) => new Strand(task, turns.fork()));
    try {
      for (;;) {
        for (const strand of strands) {
          if (strand.result) continue;
          this.#current = strand;
          turns.assume(strand.turns);
          await strand.advance();
          strand.turns.assume(turns);
        }
        this.#current = outer;
        const steps = strands.flatMap(({ step }) => (step ? [step] : []));
        if (steps.length === 0) break;
        await this.run(joined(steps));
      }
    } finally {
      this.#current = outer;
    }
    turns.assumeLongest(strands.map((strand) => strand.turns));
    return strands.map(({ result }) => result!.value);
  }
}
