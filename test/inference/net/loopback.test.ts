import { expect, it } from 'vitest';
import { isLoopback } from '../../../inference/net/tls.js';

it.each([
  ['127.0.0.1', true],
  ['127.255.3.4', true],
  ['::1', true],
  ['localhost', true],
  ['127.999.1.1', false],
  ['127.0.0.1.example.org', false],
  ['127.1', false],
  ['localhost.', false],
  ['localhost.example.org', false],
  ['127.0.0.1\n', false],
  ['::ffff:127.0.0.1', false],
  ['0.0.0.0', false],
])('%j is this machine: %s', (host, isOwn) => {
  expect(isLoopback(host)).toBe(isOwn);
});
