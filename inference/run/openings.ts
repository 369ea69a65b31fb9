/** What a run of a model opens to both parties beside the answer. */
import { methodOf } from '../../methods/reference.js';
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { DeclaredLeak } from '../session/leaks.js';
import { OpensMoreError } from './opens-more-error.js';

/** From the least to the most: nothing, or how many tokens each layer keeps. */
export const OPENINGS = ['nothing', 'counts'] as const;
export type Openings = (typeof OPENINGS)[number];

/** @throws OpensMoreError if the model opens more than the client accepts; nothing of a text was used */
export function checkOpenings(model: PublicModel, accepted: Openings): void {
  if (accepted === 'counts' || openingsOf(model) === 'nothing') return;
  throw new OpensMoreError(
    'the model opens how many tokens each layer keeps (opens: counts), and its weights decide what that says of a text; ' +
      'no text was used',
  );
}

/** A schedule's numbers are public before any text: nothing is opened then but the order of shuffled rows, which is random. */
export const openingsOf = ({ method, schedule }: Pick<PublicModel, 'method' | 'schedule'>): Openings =>
  schedule === undefined && methodOf(method).opens.length > 0 ? 'counts' : 'nothing';

/** The names of what a run opens to all beside the answer. */
export const openedNames = (model: Pick<PublicModel, 'method' | 'schedule'>): readonly DeclaredLeak[] =>
  model.schedule === undefined ? methodOf(model.method).opens : ['shuffled-order'];
