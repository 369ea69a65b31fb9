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

/** One exchange of messages. What is received of the peer's `begin` must be posted in `begin`, of its `answer` in `finish`. */
export interface Step {
  begin(): Promise<void>;
  answer?(): Promise<void>;
  finish?(): Promise<void>;
}

export async function perform({ begin, answer, finish }: Required<Step>): Promise<void> {
  await begin();
  await answer();
  await finish();
}

const nothing = async (): Promise<void> => undefined;

/** The parts of a step, none of which is missing. */
export const partsOf = (step: Step): Required<Step> => ({
  begin: () => step.begin(),
  answer: () => step.answer?.() ?? nothing(),
  finish: () => step.finish?.() ?? nothing(),
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

/** All of them as one. */
export const joined = (steps: readonly Required<Step>[]): Required<Step> => ({
  async begin() {
    for (const step of steps) await step.begin();
  },
  async answer() {
    for (const step of steps) await step.answer();
  },
  async finish() {
    for (const step of steps) await step.finish();
  },
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
        for (const strand of strands) if (!strand.result) await this.#advance(strand, turns);
        this.#current = outer;
        const steps = strands.flatMap(({ step }) => (step ? [step] : []));
        if (steps.length === 0) break;
        await this.run(joined(steps));
      }
    } finally {
      this.#current = outer;
    }
    turns.assume(strands.map((strand) => strand.turns).reduce((a, b) => (b.taken > a.taken ? b : a)));
    return strands.map(({ result }) => result!.value);
  }

  async #advance(strand: Strand<unknown>, turns: Turns): Promise<void> {
    this.#current = strand;
    turns.assume(strand.turns);
    await strand.advance();
    strand.turns.assume(turns);
  }
}
