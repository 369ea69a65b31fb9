/** What a run of a model opens to both parties beside the answer. */
import { methodOf } from '../../methods/reference.js';
import type { PublicModel } from '../../model/artifact/artifact.js';

/** From the least to the most: nothing, or how many tokens each layer keeps. */
export const OPENINGS = ['nothing', 'counts'] as const;
export type Openings = (typeof OPENINGS)[number];

/** A schedule's numbers are public before any text: nothing is opened then but the order of shuffled rows, which is random. */
export const openingsOf = ({ method, schedule }: Pick<PublicModel, 'method' | 'schedule'>): Openings =>
  schedule === undefined && methodOf(method).opens.length > 0 ? 'counts' : 'nothing';
