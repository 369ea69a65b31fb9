/** The client of three nodes in a worker: it holds the words' table and splits texts, and computes nothing else. */
import { openNodes } from './open-nodes.js';
import { serveCalls } from './serve-calls.js';

serveCalls(openNodes);
