/**
 * Where a lane stands in the program. Lanes run the same program on different inputs, so places compare: the n-th step
 * below the m-th step below … Steps are counted in each span of their own, so that a loop which one lane runs more often
 * than another (a tournament over more columns) shifts nothing behind its span.
 */
import type { Span } from '../../core/span.js';

/** A path of step numbers, outermost first. */
export type Place = readonly number[];

/** Measures nothing. */
export const UNMEASURED: Span = { child: () => UNMEASURED, end: () => undefined };

export class LaneSpan implements Span {
  #steps = 0;

  constructor(
    /** What counts the costs of this stretch: the same tree for all lanes. */
    readonly measured: Span,
    readonly parent: LaneSpan | null = null,
    readonly name = '',
    readonly place: Place = [],
  ) {}

  child(name: string, layer?: number): LaneSpan {
    return new LaneSpan(this.measured.child(name, layer), this, name, this.nextPlace());
  }

  nextPlace(): Place {
    return [...this.place, this.#steps++];
  }

  end(): void {
    this.measured.end();
  }

  /** This span and those around it, outermost first. */
  get path(): readonly LaneSpan[] {
    return this.parent === null ? [this] : [...this.parent.path, this];
  }
}

/** Negative if a comes before b; 0 also if one lies within the other. */
export function comparePlaces(a: Place, b: Place): number {
  const depth = Math.min(a.length, b.length);
  for (let i = 0; i < depth; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}

/** The innermost span of the first lane whose names all the given lanes share: where common work is counted. */
export function commonSpan(spans: readonly LaneSpan[]): LaneSpan {
  const paths = spans.map((span) => span.path);
  const first = paths[0]!;
  let depth = 1;
  while (depth < first.length && paths.every((path) => path[depth]?.name === first[depth]!.name)) depth++;
  return first[depth - 1]!;
}
