/** A server that is this process. */
import { checkCertificate } from '../inference/net/tls.js';
import { startServer } from '../inference/server/server.js';
import { openWebPort } from '../inference/server/web-port.js';
import { DEFAULT_HOST, DEFAULT_PORT, DEFAULT_TIMEOUT_MILLISECONDS } from './defaults.js';
import type { Running } from './serve.js';
import type { ServeOptions } from './serve-options.js';
import { openLimits, openOffer, roomOf, webOptionsOf } from './served-house.js';

export async function serveHere(options: ServeOptions): Promise<Running> {
  const { onLog = () => undefined } = options;
  if (options.tls) checkCertificate(options.tls);
  const { house, modelDigest, reload } = await openOffer(options);
  const limits = await openLimits(options.limits ?? {});
  const server = await startServer({
    ...house,
    ...roomOf(options),
    host: options.host ?? DEFAULT_HOST,
    port: options.port ?? DEFAULT_PORT,
    timeoutMilliseconds: options.timeoutMilliseconds ?? DEFAULT_TIMEOUT_MILLISECONDS,
    limits,
    log: (record) => onLog(record.message, record),
    tls: options.tls ?? null,
    insecurePlain: options.insecurePlain ?? false,
    httpPort: options.httpPort ?? null,
  });
  const opened = webOptionsOf(options, (channel, from) => server.serveChannel(channel, from));
  const web = await opened
    .then((given) => given && openWebPort(given))
    .catch(async (error: Error) => {
      await server.close();
      throw error;
    });
  const { host, port, httpPort } = server;
  return {
    ...{ host, port, httpPort, modelDigest },
    webPort: web?.port ?? null,
    async reload(renewed) {
      if (renewed) checkCertificate(renewed);
      await reload();
      if (!renewed) return;
      server.renewCertificate(renewed);
      web?.renewCertificate(renewed);
    },
    async end(graceMilliseconds) {
      web?.stop();
      await server.drain(graceMilliseconds);
      await web?.close();
      await limits.close();
    },
  };
}
