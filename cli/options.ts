/** Checked option values that several commands share: a wrong one is wrong usage (exit code 2), named as typed. */
import { UsageError } from '../util/errors.js';

/** Reads what was typed for an option, and says what it takes as help shows it: `integer, 1 to 64`. */
export interface OptionReader<T> {
  (value: unknown): T;
  readonly takes: string;
}

const reader = <T>(takes: string, read: (value: unknown) => T): OptionReader<T> =>
  Object.assign((value: unknown) => read(value), { takes });

const numberIn = (value: unknown): number =>
  typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);

/** For `coerce`: a whole number from `minimum` to `maximum`, of a unit if one is named (`seconds`). */
export function wholeNumber(
  name: string,
  minimum: number,
  maximum = Number.MAX_SAFE_INTEGER,
  unit?: string,
): OptionReader<number> {
  const range = maximum === Number.MAX_SAFE_INTEGER ? `${minimum} or more` : `${minimum} to ${maximum}`;
  return reader(`${unit ?? 'integer'}, ${range}`, (value) => {
    const number = numberIn(value);
    if (Number.isSafeInteger(number) && number >= minimum && number <= maximum) return number;
    const what = unit === undefined ? 'a whole number' : `a whole number of ${unit}`;
    throw new UsageError(`--${name}: expected ${what}, ${range}, got ${JSON.stringify(value)}`);
  });
}

/** For `coerce`: different whole numbers with commas between them. */
export function wholeNumbers(name: string, minimum: number): OptionReader<number[]> {
  const list = wholeNumberList(name, minimum);
  return reader(`different ${list.takes}`, (value) => {
    const numbers = list(value);
    if (new Set(numbers).size === numbers.length) return numbers;
    throw new UsageError(`--${name}: expected different numbers, got ${JSON.stringify(value)}`);
  });
}

/** For `coerce`: whole numbers with commas between them, in the order given. */
export const wholeNumberList = (name: string, minimum: number): OptionReader<number[]> =>
  reader(`integers with commas, ${minimum} or more`, (value) =>
    String(value).split(',').map(wholeNumber(name, minimum)),
  );

/** For `coerce`: a number above 0, or not below it, of a unit if one is named. */
export function positiveNumber(
  name: string,
  { orZero = false, unit = 'number' }: { readonly orZero?: boolean; readonly unit?: string } = {},
): OptionReader<number> {
  const range = orZero ? '0 or more' : 'above 0';
  return reader(`${unit}, ${range}`, (value) => {
    const number = numberIn(value);
    if (Number.isFinite(number) && (number > 0 || (orZero && number === 0))) return number;
    throw new UsageError(`--${name}: expected a number, ${range}, got ${JSON.stringify(value)}`);
  });
}

/** For `coerce`: a number from 0 to 1. */
export const fraction = (name: string): OptionReader<number> =>
  reader('number, 0 to 1', (value) => {
    const number = numberIn(value);
    if (number >= 0 && number <= 1) return number;
    throw new UsageError(`--${name}: expected a number from 0 to 1, got ${JSON.stringify(value)}`);
  });

/** For `coerce`: a number from 0 to 1, or several with commas between them. */
export const fractions = (name: string): OptionReader<number | number[]> =>
  reader('number, 0 to 1, or several with commas', (value) => {
    const parts = String(value).split(',').map(fraction(name));
    return parts.length === 1 ? parts[0]! : parts;
  });

/** For `coerce`: leaves an absent option absent. */
export const optional = <T>(
  coerce: ((value: unknown) => T) & { readonly takes?: string },
): ((value: unknown) => T | undefined) & { readonly takes?: string } =>
  Object.assign(
    (value: unknown) => (value === undefined ? undefined : coerce(value)),
    coerce.takes === undefined ? {} : { takes: coerce.takes },
  );

/** `HOST:PORT` or `[IPv6]:PORT`. */
export function hostAndPort(name: string, value: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(value);
  const host = match?.[1] ?? match?.[2];
  if (!match || !host) throw new UsageError(`--${name}: expected HOST:PORT, got ${JSON.stringify(value)}`);
  return { host, port: wholeNumber(name, 1, 65535)(match[3]) };
}

/** `--set a=1 --set b=2 c=3` → `--set a=1 b=2 c=3`: of options that may be repeated, the parser keeps the last list only. */
export function joinRepeated(argv: readonly string[], option: string): string[] {
  const rest: string[] = [];
  const values: string[] = [];
  let inList = false;
  for (const argument of argv) {
    if (argument.startsWith('-')) inList = argument === option || argument.startsWith(`${option}=`);
    if (!inList) rest.push(argument);
    else if (argument.startsWith(`${option}=`)) values.push(argument.slice(option.length + 1));
    else if (argument !== option) values.push(argument);
  }
  return values.length === 0 ? [...argv] : [...rest, option, ...values];
}
