import { describe, expect, it } from 'vitest';
import {
  fractions,
  hostAndPort,
  joinRepeated,
  optional,
  wholeNumber,
  wholeNumbers,
} from '../../cli/options.js';
import { UsageError } from '../../util/errors.js';

describe('option values', () => {
  it.each([
    ['0', 0],
    ['65535', 65535],
    [8, 8],
  ])('takes %s as a whole number', (value, expected) => {
    expect(wholeNumber('port', 0, 65535)(value)).toBe(expected);
  });

  it.each(['', ' ', 'x', '1.5', '-1', '65536', Number.NaN])('refuses %j as a port', (value) => {
    expect(() => wholeNumber('port', 0, 65535)(value)).toThrow(UsageError);
    expect(() => wholeNumber('port', 0, 65535)(value)).toThrow('--port: expected a whole number, 0 to 65535');
  });

  it('takes different whole numbers with commas between them', () => {
    expect(wholeNumbers('seeds', 0)('3,1, 2')).toEqual([3, 1, 2]);
    expect(wholeNumbers('seeds', 0)(7)).toEqual([7]);
    for (const wrong of ['', '1,', '1,x', '1,-2', '1.5']) {
      expect(() => wholeNumbers('seeds', 0)(wrong)).toThrow('--seeds: expected a whole number, 0 or more');
    }
    expect(() => wholeNumbers('seeds', 0)('1,2,1')).toThrow('--seeds: expected different numbers');
  });

  it('takes one number from 0 to 1, or several', () => {
    expect(fractions('keep')('0.45')).toBe(0.45);
    expect(fractions('keep')('1,0.9, 0')).toEqual([1, 0.9, 0]);
    for (const wrong of ['', '1,', '0.5,2', 'x'])
      expect(() => fractions('keep')(wrong)).toThrow('--keep: expected a number from 0 to 1');
  });

  it('leaves an absent option absent', () => {
    expect(optional(wholeNumber('limit', 1))(undefined)).toBeUndefined();
  });

  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['localhost:7000', 'localhost', 7000],
    ['[::1]:7000', '::1', 7000],
  ])('reads the address %s', (text, host, port) => {
    expect(hostAndPort('connect', text)).toEqual({ host, port });
  });

  it.each(['', 'localhost', 'localhost:', ':7000', '::1:7000', 'localhost:0', 'localhost:99999', 'a b:c'])(
    'refuses the address %j',
    (text) => {
      expect(() => hostAndPort('connect', text)).toThrow(UsageError);
    },
  );
});

describe('repeated lists', () => {
  it.each([
    [
      ['train', '--set', 'a=1', '--config', 'f', '--set=b=2', 'c=3'],
      ['train', '--config', 'f', '--set', 'a=1', 'b=2', 'c=3'],
    ],
    [
      ['infer', '--text', 'x'],
      ['infer', '--text', 'x'],
    ],
  ])('join into one', (argv, joined) => {
    expect(joinRepeated(argv, '--set')).toEqual(joined);
  });
});
