/** The families by name, and why others are refused. */
import type { FamilyName } from '../config.js';
import { albert } from './albert.js';
import { bert } from './bert.js';
import { camembert } from './camembert.js';
import { distilbert } from './distilbert.js';
import { electra } from './electra.js';
import type { Family } from './family.js';
import { roberta } from './roberta.js';
import { xlmRoberta } from './xlm-roberta.js';

export { type Family, plainName, storedName } from './family.js';

export const FAMILIES: Readonly<Record<FamilyName, Family>> = {
  bert,
  roberta,
  'xlm-roberta': xlmRoberta,
  camembert,
  distilbert,
  electra,
  albert,
};

const RELATIVE =
  'its attention depends on the distance of two tokens, which is lost once the private engine has shuffled the rows of tokens';
const ROTARY = `it turns queries and keys by their positions (${RELATIVE})`;
const DECODER = 'it is a decoder: every token sees only those before it, and the last one is classified';

/** What a family would need, by `model_type`. */
const REFUSED: Readonly<Record<string, string>> = {
  deberta: RELATIVE,
  'deberta-v2': RELATIVE,
  mpnet: RELATIVE,
  xlnet: RELATIVE,
  t5: `${RELATIVE}; it normalises before its layers`,
  mt5: `${RELATIVE}; it normalises before its layers`,
  modernbert: `${ROTARY}; gated feed-forward layers that are normalised before`,
  nomic_bert: ROTARY,
  roformer: ROTARY,
  'xlm-roberta-xl': 'it normalises before its layers',
  'roberta-prelayernorm': 'it normalises before its layers',
  longformer: 'its attention is of windows of neighbouring tokens, which are unknown once rows are shuffled',
  big_bird: 'its attention is of blocks of neighbouring tokens, which are unknown once rows are shuffled',
  mobilebert: 'its layers have bottlenecks and no LayerNorm',
  squeezebert: 'its layers are grouped convolutions',
  funnel: 'it pools neighbouring tokens, which are unknown once rows are shuffled',
  convbert: 'its layers convolve neighbouring tokens, which are unknown once rows are shuffled',
  fnet: 'it mixes tokens by a Fourier transform over their positions',
  ernie: 'its checkpoints may have task embeddings',
  flaubert: 'its layers and names are of another kind (XLM)',
  xlm: 'its layers and names are of another kind, with language embeddings',
  bart: 'it has an encoder and a decoder',
  gpt2: DECODER,
  llama: DECODER,
  mistral: DECODER,
  qwen2: DECODER,
};

const isFamily = (name: unknown): name is FamilyName =>
  typeof name === 'string' && Object.hasOwn(FAMILIES, name);

/** The family of a `model_type`, or the sentence that refuses it. */
export function familyOf(modelType: unknown): Family | string {
  if (isFamily(modelType)) return FAMILIES[modelType];
  const got = modelType === undefined ? 'none' : JSON.stringify(modelType).slice(0, 60);
  const why =
    typeof modelType === 'string' && Object.hasOwn(REFUSED, modelType) ? `; ${REFUSED[modelType]}` : '';
  return `expected an encoder family of ${Object.keys(FAMILIES).join(', ')}, got ${got}${why}`;
}
