/** Why what came to a port with TLS did not come to use it, as the server's log says it. */
import { whyUnreachable } from './why-unreachable.js';

const MEANINGS: Readonly<Record<string, string>> = {
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate',
  ERR_SSL_HTTP_REQUEST: 'it speaks HTTP without TLS',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it speaks no TLS',
  ECONNRESET:
    'it left before TLS was agreed: it speaks none, or does not take the certificate of this server',
};

/** What it needs of a socket. */
interface Refused {
  /** Of the client's certificate; Node types it as an error. */
  readonly authorizationError?: unknown;
  /** Node knows it no more where it closed the connection itself. */
  readonly remoteAddress?: string | undefined;
}

export function whyNoTls(
  error: NodeJS.ErrnoException,
  { authorizationError, remoteAddress }: Refused,
): string {
  const who = `client${remoteAddress === undefined ? '' : ` at ${remoteAddress}`}`;
  if (authorizationError) {
    const code = String(authorizationError);
    return `TLS: ${who} turned away (${whyUnreachable({ name: '', message: code, code })})`;
  }
  const { code = '' } = error;
  return `TLS: ${who} turned away (${MEANINGS[code] === undefined ? code || error.message : `${code}: ${MEANINGS[code]}`})`;
}
