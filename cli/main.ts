#!/usr/bin/env node
/** The command line. Commands live in cli/commands, one file each; cli/commands.ts lists them. */
import { setSmallClientFlags, setV8Flags } from '../inference/run/v8-flags.js';
import { runCommandLine } from './run.js';

const isNodesClient = process.argv.some((argument) => argument.split('=', 1)[0] === '--connect-nodes');
if (isNodesClient) setSmallClientFlags();
else setV8Flags();

// Whoever read our output has enough of it (`| head`): nothing is wrong, and nobody is left to tell more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

// Started by another process of ours: ends with it, in order, whatever ended that one, and if that was before we came here.
if (process.send !== undefined) {
  const end = () => process.kill(process.pid, 'SIGTERM');
  if (process.connected) process.once('disconnect', end);
  else end();
  process.channel?.unref();
}

const exitCode = await runCommandLine(process.argv.slice(2));
// Streams to pipes may still hold output; sockets or timers that a command left behind must not keep us alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
