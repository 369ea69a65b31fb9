/** Which class of a model is which class of the data: by their names, never by their places. */
import { CipherPruneError } from '../util/errors.js';

/** Names that say nothing: the library's own for models whose classes nobody has named. */
const isUnnamed = (label: string): boolean => /^LABEL_\d+$/.test(label);

const sameName = (a: string, b: string): boolean =>
  a
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ') ===
  b
    .trim()
    .toLowerCase()
    .replace(/[\s_-]+/g, ' ');

/** Names of the model → names of the data, as the user says. */
export type LabelMap = ReadonlyMap<string, string>;

export class LabelError extends CipherPruneError {
  override name = 'LabelError';
  readonly code = 'ERR_LABEL';
}

/** `a=b,c=d` → a map. Throws LabelError. */
export function parseLabelMap(text: string): LabelMap {
  const pairs = text.split(',').map((part) => {
    const at = part.indexOf('=');
    const [from, to] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    if (at < 1 || from === '' || to === '')
      throw new LabelError(`expected MODEL=DATA,MODEL=DATA…, got ${JSON.stringify(part)}`);
    return [from, to] as const;
  });
  const map = new Map(pairs);
  if (map.size < pairs.length) throw new LabelError(`expected every class of the model once, got ${text}`);
  return map;
}

/** Indices of the model's classes by those of the data; null if the names are not the same ones. */
export function matchLabels(model: readonly string[], data: readonly string[]): number[] | null {
  const places = data.map((label) => model.findIndex((own) => sameName(own, label)));
  const isMatch =
    model.length === data.length && new Set(places).size === data.length && !places.includes(-1);
  return isMatch ? places : null;
}

/**
 * For every class of the model the class of the data that it stands for; null for a class that the data do not have. Several
 * classes of the model may stand for one, if `said` says so.
 * @throws LabelError where names do not tell
 */
export function mapLabels(
  model: readonly string[],
  data: readonly string[],
  said: LabelMap | null = null,
): (number | null)[] {
  if (said !== null) checkSaid(model, data, said);
  const target = (label: string): number => {
    const wanted = said?.get(label) ?? label;
    return data.findIndex((name) => sameName(name, wanted));
  };
  const mapped = model.map((label) => target(label));
  const reached = new Set(mapped);
  const missing = data.filter((_, at) => !reached.has(at));
  if (missing.length === 0) return mapped.map((at) => (at < 0 ? null : at));
  const why = model.every(isUnnamed) ? ', whose names say nothing' : '';
  const example = data.map((label, at) => `${model[at] ?? 'CLASS'}=${label}`).join(',');
  throw new LabelError(
    `expected a model with the classes ${data.join(', ')}, got one with ${model.join(', ')}${why}; say which is which, for example --label-map ${example}`,
  );
}

/** The classes with the names that `said` gives some of them. Throws LabelError for a class that the model lacks, or equal names. */
export function renameLabels(model: readonly string[], said: LabelMap | null): readonly string[] {
  if (said === null) return model;
  for (const from of said.keys()) checkNamed(model, from);
  const renamed = model.map((label) => said.get(label) ?? label);
  if (new Set(renamed).size < renamed.length)
    throw new LabelError(`--label-map: expected different names, got ${renamed.join(', ')}`);
  return renamed;
}

function checkNamed(model: readonly string[], label: string): void {
  if (!model.includes(label))
    throw new LabelError(`--label-map: expected a class of the model, ${model.join(', ')}, got ${label}`);
}

function checkSaid(model: readonly string[], data: readonly string[], said: LabelMap): void {
  for (const [from, to] of said) {
    checkNamed(model, from);
    if (!data.some((label) => sameName(label, to)))
      throw new LabelError(`--label-map: expected a class of the data, ${data.join(', ')}, got ${to}`);
  }
}
