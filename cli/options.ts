/** Checked option values that several commands share: a wrong one is wrong usage (exit code 2), named as typed. */
import { UsageError } from '../util/errors.js';

/** For `coerce`: a whole number from `minimum` to `maximum`. */
export const wholeNumber =
  (name: string, minimum: number, maximum = Number.MAX_SAFE_INTEGER) =>
  (value: unknown): number => {
    const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
    if (Number.isSafeInteger(number) && number >= minimum && number <= maximum) return number;
    const range = maximum === Number.MAX_SAFE_INTEGER ? `${minimum} or more` : `${minimum} to ${maximum}`;
    throw new UsageError(`--${name}: expected a whole number, ${range}, got ${JSON.stringify(value)}`);
  };

/** For `coerce`: different whole numbers with commas between them. */
export const wholeNumbers =
  (name: string, minimum: number) =>
  (value: unknown): number[] => {
    const numbers = String(value).split(',').map(wholeNumber(name, minimum));
    if (new Set(numbers).size === numbers.length) return numbers;
    throw new UsageError(`--${name}: expected different numbers, got ${JSON.stringify(value)}`);
  };

/** For `coerce`: whole numbers with commas between them, in the order given. */
export const wholeNumberList =
  (name: string, minimum: number) =>
  (value: unknown): number[] =>
    String(value).split(',').map(wholeNumber(name, minimum));

/** For `coerce`: a number above 0, or not below it. */
export const positiveNumber =
  (name: string, { orZero = false } = {}) =>
  (value: unknown): number => {
    const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
    if (Number.isFinite(number) && (number > 0 || (orZero && number === 0))) return number;
    throw new UsageError(`--${name}: expected a number above 0, got ${JSON.stringify(value)}`);
  };

/** For `coerce`: a number from 0 to 1. */
export const fraction =
  (name: string) =>
  (value: unknown): number => {
    const number = typeof value === 'string' && value.trim() === '' ? Number.NaN : Number(value);
    if (number >= 0 && number <= 1) return number;
    throw new UsageError(`--${name}: expected a number from 0 to 1, got ${JSON.stringify(value)}`);
  };

/** For `coerce`: a number from 0 to 1, or several with commas between them. */
export const fractions =
  (name: string) =>
  (value: unknown): number | number[] => {
    const parts = String(value).split(',').map(fraction(name));
    return parts.length === 1 ? parts[0]! : parts;
  };

/** For `coerce`: leaves an absent option absent. */
export const optional =
  <T>(coerce: (value: unknown) => T) =>
  (value: unknown): T | undefined =>
    value === undefined ? undefined : coerce(value);

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
