/** Files of certificates and tokens that commands take. */
import { readFile } from 'node:fs/promises';
import { type ClientTls, checkClientTls, type ServerTls } from '../inference/net/tls.js';
import { UsageError } from '../util/errors.js';
import { note } from '../util/note.js';
import { exposureAt } from '../util/owner-only.js';

async function pem(option: string, path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: Error) => {
    throw new UsageError(`--${option}: ${error.message}`);
  });
  if (!bytes.includes('-----BEGIN '))
    throw new UsageError(`--${option}: expected PEM in ${path}, got something else`);
  return bytes;
}

/** Undefined for plain TCP. */
export async function serverTlsOf(files: {
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly tlsClientCa?: string | undefined;
}): Promise<ServerTls | undefined> {
  const { tlsCert, tlsKey, tlsClientCa } = files;
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new UsageError('expected --tls-cert and --tls-key together');
  return {
    cert: await pem('tls-cert', tlsCert),
    key: await pem('tls-key', tlsKey),
    ...(tlsClientCa === undefined ? {} : { clientCa: await pem('tls-client-ca', tlsClientCa) }),
  };
}

/** Of a client that connects to tls://. */
export async function clientTlsOf(files: {
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}): Promise<ClientTls> {
  const { tlsCa, tlsCert, tlsKey } = files;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('expected --tls-cert and --tls-key together');
  const tls = {
    ...(tlsCa === undefined ? {} : { ca: await pem('tls-ca', tlsCa) }),
    ...(tlsCert === undefined || tlsKey === undefined
      ? {}
      : { cert: await pem('tls-cert', tlsCert), key: await pem('tls-key', tlsKey) }),
  };
  checkClientTls(tls);
  return tls;
}

/** The one line of a file that holds a token; a warning where others may read it, since users make it themselves. */
export async function tokenOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw new UsageError(`--token-file: ${error.message}`);
  });
  const exposure = await exposureAt(path);
  if (exposure !== null) note(`--token-file: ${exposure}`);
  return text.trim();
}
