import { type Hello, PROTOCOL_VERSION } from '../inference/net/hello.js';
import { protocolDigest } from '../inference/run/protocol-digest.js';

/** What a client says first that takes any model and any answer. */
export const CLIENT_HELLO: Hello = {
  version: PROTOCOL_VERSION,
  role: 'client',
  cots: ['softspoken'],
  aheadMegabytes: 0,
  protocolDigest: protocolDigest(),
  modelDigest: null,
  publicBytes: 0,
  answer: null,
  answerBits: 0,
  modelName: null,
  checks: false,
  suites: ['aes'],
  multiplyingThreads: 0,
  line: 'auto',
};
