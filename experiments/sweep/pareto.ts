/** What is worth having: points that no other beats in both score and cost. */
export interface Point {
  readonly score: number;
  readonly cost: number;
}

const beats = (a: Point, b: Point): boolean =>
  a.score >= b.score && a.cost <= b.cost && (a.score > b.score || a.cost < b.cost);

/** For each point whether it is on the front. */
export const paretoFront = (points: readonly Point[]): boolean[] =>
  points.map((point) => !points.some((other) => beats(other, point)));
