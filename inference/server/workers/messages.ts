/** What the process that listens and its workers say to each other, over the channel that Node opens between them. */
import type { Refusal } from '../../net/refusal.js';
import type { Wait } from '../../net/notice.js';
import type { LogRecord } from '../server-log.js';

/** Which of its ports a connection came to. */
export type Door = 'clients' | 'web';

/** What only the process that listens can answer, since it counts for all. */
export type Question =
  | { readonly about: 'connections'; readonly identity: string }
  | { readonly about: 'texts'; readonly identity: string; readonly count: number }
  | { readonly about: 'material'; readonly identity: string; readonly bytes: number }
  | { readonly about: 'places' | 'turns'; readonly key: string };

/** A lease is given back by its number, by its worker or by the end of that. */
export type Outcome =
  | { readonly lease: number | null }
  | { readonly refusal: Refusal }
  | { readonly error: string };

export type ToWorker<Options> =
  | { readonly type: 'begin'; readonly options: Options }
  /** Comes with the socket. */
  | { readonly type: 'connection'; readonly door: Door }
  | { readonly type: 'outcome'; readonly id: number; readonly outcome: Outcome }
  | { readonly type: 'wait'; readonly id: number; readonly wait: Wait }
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'reload'; readonly id: number; readonly options: Options }
  | { readonly type: 'drain'; readonly graceMilliseconds: number };

export type FromWorker =
  | { readonly type: 'ready' }
  /** It cannot begin. */
  | { readonly type: 'failed'; readonly message: string }
  | { readonly type: 'log'; readonly record: LogRecord }
  /** That it lives, and how busy it is, 0 to 1. */
  | { readonly type: 'load'; readonly utilization: number }
  /** A connection that it was given has ended. */
  | { readonly type: 'gone' }
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  /** Whoever asked has left. */
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'leave'; readonly lease: number }
  | { readonly type: 'reply'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly message: string };
