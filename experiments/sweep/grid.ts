/** The settings of a sweep: `--grid lambda=0.1,0.2 --grid alpha=0.1,0.5`, or both in one text with a comma, is every pair. */
import { UsageError } from '../../util/errors.js';

/** Short names of what is swept most. */
const ALIASES: Readonly<Record<string, string>> = {
  lambda: 'masks.lambda',
  alpha: 'masks.alpha',
  keep: 'masks.keep',
  mode: 'masks.mode',
  temperature: 'masks.temperature.value',
};

/** Configuration keys and their values as they were written. */
export type Setting = Readonly<Record<string, string>>;

interface Axis {
  readonly key: string;
  readonly values: string[];
}

/** Commas between values; those within `[…]` belong to one. */
const COMMAS = /,(?![^[\]]*\])/;

/** `lambda=0.1,0.2,alpha=0.5`: a part with `=` begins an axis, the parts after it are more values of it. `keep=[1,0.5],0.4`: two values. */
function axesOf(text: string): Axis[] {
  const axes: Axis[] = [];
  for (const part of text.split(COMMAS)) {
    const [first = '', second, ...more] = part.split('=').map((word) => word.trim());
    const value = second ?? first;
    if (value === '' || first === '' || more.length > 0 || (second === undefined && axes.length === 0))
      throw new UsageError(`--grid: expected key=value,value…, got ${JSON.stringify(text)}`);
    if (second !== undefined) axes.push({ key: ALIASES[first] ?? first, values: [] });
    axes.at(-1)!.values.push(value);
  }
  return axes;
}

/** Every combination, the last axis fastest. */
export function settingsOf(grid: readonly string[]): Setting[] {
  const axes = grid.flatMap(axesOf);
  const keys = axes.map(({ key }) => key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice) throw new UsageError(`--grid: ${twice} is given twice`);
  return axes.reduce<Setting[]>(
    (settings, { key, values }) =>
      settings.flatMap((setting) => values.map((value) => ({ ...setting, [key]: value }))),
    [{}],
  );
}

/** The last `count` words of a key; `value` says nothing and is left out. */
function lastWords(key: string, count: number): string {
  const words = key.split('.');
  if (words.length > 1 && words.at(-1) === 'value') words.pop();
  return words.slice(-count).join('.');
}

/** As few last words of every key as tell them apart. */
function shortKeys(keys: readonly string[]): string[] {
  const most = Math.max(1, ...keys.map((key) => key.split('.').length));
  for (let count = 1; count < most; count++) {
    const short = keys.map((key) => lastWords(key, count));
    if (new Set(short).size === keys.length) return short;
  }
  return [...keys];
}

/** A folder name: `lambda-0.2_alpha-0.5`. */
export function settingName(setting: Setting): string {
  const short = shortKeys(Object.keys(setting));
  return Object.values(setting)
    .map((value, i) => `${short[i]}-${value}`)
    .join('_')
    .replace(/[[\]]/g, '')
    .replace(/[^\w.+-]+/g, '-');
}

export const overridesOf = (setting: Setting): string[] =>
  Object.entries(setting).map(([key, value]) => `${key}=${value}`);
