/** What connecting and serving assume where nothing is said. */
export const DEFAULT_HOST = '127.0.0.1';
export const DEFAULT_PORT = 7643;
/** Without a byte from the peer before it is given up. */
export const DEFAULT_TIMEOUT_MILLISECONDS = 60_000;
export const DEFAULT_MAX_CLIENTS = 16;
/** That wait for a place. */
export const DEFAULT_QUEUE_LENGTH = 64;
/** Of material that a client may have made ahead. */
export const DEFAULT_AHEAD_MEGABYTES = 384;
/** Of clients' pools that are kept over connections. */
export const DEFAULT_POOLS_MEGABYTES = 1_000;
