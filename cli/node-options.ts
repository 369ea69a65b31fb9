/** Options of three parties that commands share. */
import type { Address, Certificates } from '../inference/three-party/links.js';
import { UsageError } from '../util/errors.js';
import { hostAndPort } from './options.js';
import { clientTlsOf } from './tls-options.js';

export const tlsCaOption = {
  type: 'string',
  describe:
    'PEM of the authority that signed the certificate of a server (tls://) or of three nodes, whose links are TLS 1.3 then',
  requiresArg: true,
} as const;

export const insecurePlainOption = {
  type: 'boolean',
  default: false,
  describe: 'Let links leave this machine without TLS: whoever reads two of them has the text',
} as const;

/** `A,B,C`, each HOST:PORT. */
export function threeAddresses(name: string, value: string): readonly [Address, Address, Address] {
  const addresses = value.split(',').map((part) => hostAndPort(name, part.trim()));
  if (addresses.length !== 3)
    throw new UsageError(
      `--${name}: expected HOST:PORT of nodes 0, 1 and 2 with commas between, got ${addresses.length}`,
    );
  return addresses as unknown as readonly [Address, Address, Address];
}

export async function certificatesOf(files: {
  readonly tlsCa?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
}): Promise<Certificates | null> {
  const { ca, ...own } = await clientTlsOf(files);
  if (ca !== undefined) return { ca, ...own };
  if (files.tlsCert !== undefined)
    throw new UsageError('--tls-cert: expected --tls-ca too, which says who may call itself a node');
  return null;
}
