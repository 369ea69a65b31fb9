/** Other systems without and with learned pruning: what CipherPrune's pruning adds to each. */
import { METHODS } from '../../../methods/index.js';
import type { Method } from '../../../methods/method.js';
import { cell, gigabytes, number, whole } from '../block.js';
import type { InferenceSpec, Parties } from '../inference-points.js';
import { publishedCost } from '../published.js';
import type { Found, InferenceResult, Results } from '../results.js';
import { costPoints, type Section, type Shapes } from '../section.js';

interface Pair {
  readonly without: Method;
  readonly pruned: Method;
}

/** Every method that learns to prune, with the one of the same functions by which all tokens stay. */
const pairs = (): Pair[] =>
  METHODS.filter(({ learns }) => learns !== 'nothing').flatMap((pruned) => {
    const without = METHODS.find(({ name }) => name === pruned.unpruned);
    return without ? [{ without, pruned }] : [];
  });

const PARTIES = [2, 3] as const;

/** A run with three parties, which are not counted; counted with two. */
const found = (spec: InferenceSpec, parties: Parties, results: Results): Found<InferenceResult> =>
  parties === 2 ? results.counted(spec) : results.run(spec, 3);

const secondsOf = ({ milliseconds, estimatedSeconds }: InferenceResult): string | null => {
  if (milliseconds !== null) return number(milliseconds / 1000);
  return estimatedSeconds ? number(estimatedSeconds.lan) : null;
};

function ratio(of: Found<InferenceResult>, over: Found<InferenceResult>): string {
  if (of === null || over === null || of === 'failed' || over === 'failed') return '';
  return (of.bytes / over.bytes).toFixed(2);
}

function rowOf({ without, pruned }: Pair, parties: Parties, shapes: Shapes, results: Results): string[] {
  const { model, tokens } = shapes;
  const [plain, less] = [without, pruned].map((method) => found({ model, tokens, method }, parties, results));
  const published = publishedCost(without.name, model, tokens, parties);
  return [
    pruned.name,
    String(parties),
    cell(plain!, ({ bytes }) => gigabytes(bytes)),
    cell(less!, ({ bytes }) => gigabytes(bytes)),
    ratio(plain!, less!),
    cell(plain!, ({ rounds }) => whole(rounds)),
    cell(less!, ({ rounds }) => whole(rounds)),
    cell(plain!, secondsOf),
    cell(less!, secondsOf),
    published?.seconds == null ? '' : number(published.seconds),
  ];
}

export const prunedSystems: Section = {
  name: 'pruned-systems',
  title: 'Other systems without and with learned pruning',
  points: (shapes) => {
    const { model, tokens } = shapes;
    const methods = new Set(pairs().flatMap(({ without, pruned }) => [without, pruned]));
    const specs = [...methods].map((method): InferenceSpec => ({ model, tokens, method }));
    return costPoints(specs, shapes, [3]);
  },
  blocks: (shapes, results) => [
    {
      kind: 'table',
      id: 'pruned-systems',
      caption: `${shapes.model}, one text of ${shapes.tokens} tokens, the published numbers of kept tokens. Two parties: counted, seconds estimated for a LAN. Three parties: runs on this machine. The last column is a published figure of the system without pruning, of another program on other machines.`,
      header: [
        'with pruning',
        'parties',
        'GB, without',
        'GB, pruned',
        'ratio',
        'rounds, without',
        'pruned',
        's, without',
        's, pruned',
        's, without (published)',
      ],
      rows: pairs().flatMap((pair) => PARTIES.map((parties) => rowOf(pair, parties, shapes, results))),
    },
  ],
};
