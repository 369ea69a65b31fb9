/** What a section is made of, before it is Markdown, LaTeX or HTML. */
import type { Figure } from '../report/figures.js';
import type { Found } from './results.js';

export interface Table {
  readonly kind: 'table';
  /** A file name. */
  readonly id: string;
  readonly caption: string;
  readonly header: readonly string[];
  /** Empty texts are what nobody measured. */
  readonly rows: readonly (readonly string[])[];
}

export interface FigureBlock {
  readonly kind: 'figure';
  readonly figure: Figure;
}

export interface Paragraph {
  readonly kind: 'text';
  readonly text: string;
}

/** HTML where a page can show it, and plain lines elsewhere. */
export interface Sentences {
  readonly kind: 'sentences';
  readonly id: string;
  readonly html: string;
  readonly lines: readonly string[];
}

export type Block = Table | FigureBlock | Paragraph | Sentences;

/** A section with what it came to. */
export interface Part {
  readonly title: string;
  readonly blocks: readonly Block[];
}

/** One value of what was found: empty without a measurement, said where it failed. */
export function cell<T>(found: Found<T>, text: (value: T) => string | null): string {
  if (found === null) return '';
  return found === 'failed' ? 'failed' : (text(found) ?? '');
}

const digits = (value: number): string =>
  value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);

export const gigabytes = (bytes: number): string => digits(bytes / 1e9);
export const number = (value: number): string => digits(value);
export const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
