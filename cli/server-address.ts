/** Where a server is, as users write it. */
import { UsageError } from '../util/errors.js';
import { hostAndPort } from './options.js';

export type Address = { readonly host: string; readonly port: number } | { readonly url: string };

/** Without the brackets of IPv6. */
export const hostOf = (address: Address): string =>
  'url' in address ? new URL(address.url).hostname.replace(/^\[(.*)\]$/, '$1') : address.host;

export interface ServerAddress {
  readonly address: Address;
  readonly isTls: boolean;
}

/** `HOST:PORT`, `tls://HOST:PORT`, or the `ws://` or `wss://` of a server's port for browsers. @throws UsageError */
export function serverAddress(name: string, value: string): ServerAddress {
  if (!/^wss?:\/\//.test(value)) {
    const isTls = value.startsWith('tls://');
    return { address: hostAndPort(name, isTls ? value.slice('tls://'.length) : value), isTls };
  }
  if (!URL.canParse(value))
    throw new UsageError(`--${name}: expected a URL as wss://example.org:8080/connect, got ${value}`);
  const url = new URL(value);
  if (url.pathname === '/') url.pathname = '/connect';
  return { address: { url: url.href }, isTls: url.protocol === 'wss:' };
}
