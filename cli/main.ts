#!/usr/bin/env node
/** The command line. Commands live in cli/commands, one file each; cli/commands.ts lists them. */
import { collectInWhole } from '../inference/run/garbage-collection.js';
import { heapIsDefault, inRoomyHeap } from './roomy-heap.js';
import { runCommandLine } from './run.js';

collectInWhole();

const args = process.argv.slice(2);
const exitCode = args[0] === 'train' && heapIsDefault() ? await inRoomyHeap() : await runCommandLine(args);
// Streams to pipes may still hold output; sockets or timers that a command left behind must not keep us alive.
process.stdout.write('', () => process.stderr.write('', () => process.exit(exitCode)));
