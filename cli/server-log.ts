/** A server's log on standard error: a line with its time for people, or JSON by pino for machines. */
import { pino } from 'pino';
import { atLeast, type Log, type LogLevel } from '../inference/server/server-log.js';
import { note } from '../util/note.js';

export const LOG_FORMATS = ['text', 'json'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

const STANDARD_ERROR = 2;

function jsonLog(level: LogLevel): Log {
  const destination = pino.destination({ dest: STANDARD_ERROR, sync: true });
  const options = {
    level,
    base: { service: 'cipherprune', process: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const logger = pino(options, destination);
  return (record) => logger[record.level](record.fields, record.message);
}

export const serverLog = (format: LogFormat, level: LogLevel): Log =>
  format === 'json'
    ? jsonLog(level)
    : atLeast(level, ({ message }) => note(`${new Date().toISOString()} ${message}`));
