/** What a server logs: one record for each thing that happens, never anything of a text but its padded length. */
import { printable } from '../../util/printable.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type LogField = string | number | boolean | null;

export interface LogRecord {
  readonly level: LogLevel;
  /** One line for people, with everything that matters. */
  readonly message: string;
  /** For machines: `event` says what happened, `connection` and `request` name what both sides show. */
  readonly fields: Readonly<Record<string, LogField>> & { readonly event: string };
}

export type Log = (record: LogRecord) => void;

const printableField = (value: LogField): LogField => (typeof value === 'string' ? printable(value) : value);

/** What a peer sent may be part of any text: made fit for a terminal here, once for all. */
export const printableLog =
  (log: Log): Log =>
  ({ level, message, fields }) =>
    log({
      level,
      message: printable(message),
      fields: Object.fromEntries(
        Object.entries(fields).map(([name, value]) => [name, printableField(value)]),
      ) as LogRecord['fields'],
    });

/** Below this level nothing is passed on. */
export const atLeast =
  (level: LogLevel, log: Log): Log =>
  (record) => {
    if (LOG_LEVELS.indexOf(record.level) >= LOG_LEVELS.indexOf(level)) log(record);
  };
