/** What a client says of a server that it cannot reach by TLS. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect as connectPlain, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { checkCertificate, checkClientTls, connectTls, createListener } from '../../../inference/net/tls.js';
import { connectWebSocket } from '../../../inference/net/web-socket.js';
import { makeCertificates } from '../../support/certificates.js';

const folder = mkdtempSync(join(tmpdir(), 'cipherprune-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const pem = (name: string): Buffer => readFileSync(join(folder, name));

/** Signed by the authority, for another time or another name. */
function signed(name: string, days: string, alternative: string): void {
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${alternative}`);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', `${name}.ext`];
  const args = ['x509', '-req', '-in', 'node.csr', ...authority, '-out', `${name}.pem`, '-days', days];
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}

const hasOpenssl = makeCertificates(folder);
if (hasOpenssl) {
  signed('expired', '-1', 'IP:127.0.0.1');
  signed('named', '1', 'DNS:models.example.org');
}

it.skipIf(!hasOpenssl).each([
  ['another authority', 'node.pem', 'other.pem', /no authority that is trusted here signed its certificate/],
  ['yesterday', 'expired.pem', 'ca.pem', /CERT_HAS_EXPIRED: its certificate has expired/],
  ['another name', 'named.pem', 'ca.pem', /its certificate is for another name/],
  ['nobody: a server without TLS', null, 'ca.pem', /what answers there speaks no TLS/],
])('a certificate of %s is named as what is wrong', async (_, certificate, authority, expected) => {
  const tls = certificate === null ? null : { cert: pem(certificate), key: pem('node.key') };
  const server = createListener(tls, (socket) => {
    socket.on('error', () => undefined);
    socket.end('no TLS');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const options = { tls: { ca: pem(authority) }, timeoutMilliseconds: 20_000 };
  await expect(connectTls('127.0.0.1', port, options.tls, options)).rejects.toThrow(expected);
  await expect(connectWebSocket(`wss://127.0.0.1:${port}`, options)).rejects.toThrow(expected);
  server.close();
});

it.skipIf(!hasOpenssl)('a server does not begin with a certificate that has expired', () => {
  const key = pem('node.key');
  expect(() => checkCertificate({ cert: pem('node.pem'), key })).not.toThrow();
  expect(() => checkCertificate({ cert: pem('expired.pem'), key })).toThrow(/expired on .* GMT/);
  expect(() => checkCertificate({ cert: pem('node.pem'), key: pem('ca.key') })).toThrow(/cannot be used/);
});

it.skipIf(!hasOpenssl)(
  'an authority without a certificate, and a key of another one, are said at the start',
  () => {
    const [cert, key, none] = [pem('node.pem'), pem('node.key'), pem('ca.key')];
    const lacking = 'TLS: expected a certificate of the authority, got a file without one';
    expect(() => checkCertificate({ cert, key, clientCa: pem('ca.pem') })).not.toThrow();
    expect(() => checkCertificate({ cert, key, clientCa: none })).toThrow(lacking);
    expect(() => checkClientTls({ ca: pem('ca.pem'), cert, key })).not.toThrow();
    expect(() => checkClientTls({ ca: none })).toThrow(lacking);
    expect(() => checkClientTls({ cert, key: none })).toThrow(/certificate and its key cannot be used/);
  },
);

it.skipIf(!hasOpenssl)(
  'connections that do not finish TLS are so many for an address, and keep nobody out',
  async () => {
    const server = createListener({ cert: pem('node.pem'), key: pem('node.key') }, (socket) =>
      socket.destroy(),
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const silent: Socket[] = [];
    const knock = async (count: number, localAddress: string): Promise<void> => {
      for (let i = 0; i < count; i++) {
        const socket = connectPlain({ port, host: '127.0.0.1', localAddress }).on('error', () => undefined);
        silent.push(socket.resume());
        await once(socket, 'connect');
      }
      await sleep(100);
    };
    const left = (): number => silent.filter(({ closed }) => !closed).length;
    await knock(40, '127.0.0.1');
    expect(left()).toBe(16);
    const options = { timeoutMilliseconds: 20_000 };
    const [first] = silent;
    first!.destroy();
    await sleep(100);
    await (await connectTls('127.0.0.1', port, { ca: pem('ca.pem') }, options)).close();
    for (let host = 2; host <= 10; host++) await knock(16, `127.0.0.${host}`);
    expect(left()).toBe(128);
    await (await connectTls('127.0.0.1', port, { ca: pem('ca.pem') }, options)).close();
    for (const socket of silent) socket.destroy();
    server.close();
  },
);
