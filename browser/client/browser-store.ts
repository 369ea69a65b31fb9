/** What a browser keeps for a page's origin, in IndexedDB: models' public parts, and which model a server had. */
import { createStore, get, set } from 'idb-keyval';
import type { KeptParts } from '../../inference/client/open-client.js';
import { digestOrNull, ServerMemory } from '../../inference/client/server-memory.js';
import { type PublicPart, parsePublicPart } from '../../model/artifact/public-part.js';

const store = () => createStore('cipherprune', 'kept');
const partKey = (digest: string): string => `public-part ${digest}`;
const serverKey = (address: string): string => `server ${address}`;

/** In private windows nothing may be kept. */
const kept = <T>(key: string): Promise<T | undefined> => get<T>(key, store()).catch(() => undefined);

const keep = (key: string, value: string | Uint8Array): Promise<boolean> =>
  set(key, value, store()).then(
    () => true,
    () => false,
  );

/** One that is damaged or has another digest counts as absent. */
async function readPart(digest: string): Promise<PublicPart | null> {
  const bytes = await kept<Uint8Array>(partKey(digest));
  if (bytes === undefined) return null;
  try {
    const part = parsePublicPart(bytes);
    return part.digest === digest ? part : null;
  } catch {
    return null;
  }
}

export const BROWSER_PARTS: KeptParts = {
  read: readPart,
  write: (digest, bytes) => keep(partKey(digest), bytes),
};

export class BrowserServers extends ServerMemory {
  async seen(address: string): Promise<string | null> {
    return digestOrNull(await kept<string>(serverKey(address)));
  }

  remember(address: string, digest: string): Promise<boolean> {
    return keep(serverKey(address), digest);
  }
}
