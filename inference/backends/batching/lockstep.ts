/**
 * Several runs of one program over one backend, with their rounds shared. A lane (one run) that communicates waits; once
 * all lanes wait or are done, the calls of those that are furthest behind are executed: calls of one kind as one, different
 * kinds at the same time. Lanes that are ahead wait, so that they meet the others again at the next common step. What is
 * executed depends on public shapes only, hence both parties do the same without a word.
 */
import { currentSpan, type Span, withSpan } from '../../core/span.js';
import type { Backend } from '../backend.js';
import { type AnyCall, type Call, goTogether } from './call.js';
import { commonSpan, comparePlaces, LaneSpan, type Place, UNMEASURED } from './lane-span.js';

interface Waiting {
  readonly lane: number;
  readonly place: Place;
  readonly span: LaneSpan;
  readonly call: AnyCall;
  readonly resolve: (output: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Calls that are executed as one. */
type Group = readonly Waiting[];

function grouped(waiting: readonly Waiting[]): readonly Group[] {
  const groups: Waiting[][] = [];
  for (const one of waiting) {
    const group = groups.find(([first]) => goTogether(first!.call, one.call));
    if (group) group.push(one);
    else groups.push([one]);
  }
  return groups;
}

const outputsOf = (mpc: Backend, group: Group): Promise<readonly unknown[]> =>
  group[0]!.call.run(
    mpc,
    group.map(({ call }) => call.input),
  );

/** All groups at the same time if the backend can, else one after another. */
async function execute(mpc: Backend, groups: readonly Group[]): Promise<readonly (readonly unknown[])[]> {
  if (groups.length > 1 && mpc.together) {
    return mpc.together(groups.map((group) => (strand) => outputsOf(strand, group)));
  }
  const outputs: (readonly unknown[])[] = [];
  for (const group of groups) outputs.push(await outputsOf(mpc, group));
  return outputs;
}

export class Lockstep {
  #waiting: Waiting[] = [];
  /** Calls of each lane that are not answered. */
  readonly #calls: number[];
  /** Lanes that neither wait nor are done. */
  #active: number;
  #failure: { readonly error: unknown } | null = null;

  constructor(
    readonly mpc: Backend,
    lanes: number,
  ) {
    this.#calls = new Array<number>(lanes).fill(0);
    this.#active = lanes;
  }

  /** Why the batch failed: the error of the first lane that did. */
  get failure(): { readonly error: unknown } | null {
    return this.#failure;
  }

  /** Runs the program of one lane. The measured span around all lanes counts for all of them. */
  async run<T>(measured: Span, body: () => Promise<T>): Promise<T> {
    try {
      return await withSpan(new LaneSpan(measured), body);
    } catch (error) {
      this.#fail(error);
      throw error;
    } finally {
      this.#active--;
      this.#stepWhenAllWait();
    }
  }

  /** Waits until the call was executed together with those of other lanes. */
  call<Input, Output>(lane: number, call: Call<Input, Output>): Promise<Output> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    const open = currentSpan();
    const span = open instanceof LaneSpan ? open : new LaneSpan(UNMEASURED);
    return new Promise<Output>((resolve, reject) => {
      this.#waiting.push({
        lane,
        place: span.nextPlace(),
        span,
        call: call as unknown as AnyCall,
        resolve: resolve as (output: unknown) => void,
        reject,
      });
      if (this.#calls[lane]!++ === 0) this.#active--;
      this.#stepWhenAllWait();
    });
  }

  /** A lane may call twice before it waits: the step begins when its turn of the event loop's microtasks is over. */
  #stepWhenAllWait(): void {
    if (this.#active > 0 || this.#waiting.length === 0) return;
    queueMicrotask(() => {
      if (this.#active === 0 && this.#waiting.length > 0) void this.#step();
    });
  }

  /** Takes out the calls of the lanes that are furthest behind. */
  #takeDue(): readonly Waiting[] {
    const first = this.#waiting.reduce((a, b) => (comparePlaces(b.place, a.place) < 0 ? b : a));
    const isDue = ({ place }: Waiting) => comparePlaces(place, first.place) === 0;
    const due = this.#waiting.filter(isDue).sort((a, b) => a.lane - b.lane);
    this.#waiting = this.#waiting.filter((one) => !isDue(one));
    return due;
  }

  async #step(): Promise<void> {
    const groups = grouped(this.#takeDue());
    // Nothing else may step meanwhile: the lanes of this step count as active.
    for (const { lane } of groups.flat()) this.#activate(lane);
    this.#active++;
    const span = commonSpan(groups.flatMap((group) => group.map((one) => one.span)));
    try {
      const outputs = await withSpan(span.measured, () => execute(this.mpc, groups));
      groups.forEach((group, g) => {
        group.forEach((one, i) => {
          one.resolve(outputs[g]![i]);
        });
      });
    } catch (error) {
      for (const one of groups.flat()) one.reject(error);
    } finally {
      this.#active--;
      this.#stepWhenAllWait();
    }
  }

  #activate(lane: number): void {
    if (--this.#calls[lane]! === 0) this.#active++;
  }

  /** All lanes unwind. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const one of waiting) {
      this.#activate(one.lane);
      one.reject(error);
    }
  }
}
