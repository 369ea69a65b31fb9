/** The client party in a worker of its own: the page stays responsive however long a computation takes. */
import { openServer } from './open-server.js';
import { serveCalls } from './serve-calls.js';

serveCalls(openServer);
