import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { openKernelNetwork } from '../../bench/kernel-network.js';
import { NETWORKS } from '../../bench/networks.js';
import { ending } from '../support/child-processes.js';

/** Of every kernel that knows namespaces; netem is of fewer. Limits the rate alone. */
const bucket = ['tbf', 'rate', '100mbit', 'burst', '64k', 'latency', '5s'];

const link = await openKernelNetwork(NETWORKS.wan!, bucket);
link?.close();

const SERVER = `require('node:net').createServer((s) => s.pipe(s)).listen(4567, process.argv[1], () => console.log('listening'))`;
const CLIENT = `
  const s = require('node:net').connect(4567, process.argv[1], () => s.end(Buffer.alloc(1e6, 7)));
  let sum = 0;
  s.on('data', (d) => { for (const x of d) sum += x; }).on('end', () => console.log(sum));`;

describe('a network shaped by the kernel', () => {
  it.skipIf(link === null)('connects two namespaces that see nothing else', async () => {
    const network = (await openKernelNetwork(NETWORKS.wan!, bucket))!;
    const node = (party: 'server' | 'client', code: string) => {
      const [command, ...words] = network.prefix(party);
      return [command, [...words, process.execPath, '-e', code, network.serverAddress]] as const;
    };
    const server = ending(spawn(...node('server', SERVER), { stdio: ['ignore', 'pipe', 'inherit'] }));
    try {
      await once(server.stdout, 'data');
      const { stdout } = await promisify(execFile)(...node('client', CLIENT));
      expect(Number(stdout)).toBe(7e6);
      const [command, ...words] = network.prefix('client');
      const { stdout: addresses } = await promisify(execFile)(command, [
        ...words,
        'ip',
        '-4',
        '-o',
        'address',
      ]);
      expect(addresses.match(/inet [\d.]+/g)).toEqual(['inet 10.77.0.2']);
      const { stdout: shaped } = await promisify(execFile)(command, [...words, 'tc', 'qdisc']);
      expect(shaped).toContain('tbf');
    } finally {
      server.kill('SIGKILL');
      network.close();
    }
  });

  it('is absent where the kernel does not know how to shape, and leaves nothing behind', async () => {
    expect(await openKernelNetwork(NETWORKS.lan!, ['no-such-discipline'])).toBeNull();
    expect(existsSync('/sys/class/net/cipherprune0')).toBe(false);
  });
});
