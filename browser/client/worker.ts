/** The client party in a worker of its own: the page stays responsive however long a computation takes. */
import { openClient } from './open-client.js';
import { serveCalls } from './serve-calls.js';

serveCalls(openClient);
