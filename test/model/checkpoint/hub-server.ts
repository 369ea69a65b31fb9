/** A hub on 127.0.0.1 for tests, which can be told to misbehave. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with the next requests for a file, in order. */
export type Fault = 'cut' | 'stall' | 'busy' | 'damage' | 'no-range' | 'too-long';

export class HubServer {
  readonly requests: string[] = [];
  faults: Fault[] = [];
  endpoint = '';
  /** `kind/owner/name` → path → content. */
  readonly repositories = new Map<string, Map<string, Buffer>>();
  /** Files listed a page. */
  pageSize = 1000;
  private readonly server = createServer((request, response) => this.answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.endpoint = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url!, this.endpoint);
    this.requests.push(`${url.pathname}${request.headers.range ? ` ${request.headers.range}` : ''}`);
    const tree = /^\/api\/(model|dataset)s\/([^/]+\/[^/]+)\/tree\/main$/.exec(url.pathname);
    if (tree) {
      this.list(`${tree[1]}/${tree[2]}`, url, response);
      return;
    }
    const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/main\/(.+)$/.exec(url.pathname);
    const content =
      file &&
      this.repositories.get(`${file[1] ? 'dataset' : 'model'}/${file[2]}`)?.get(decodeURIComponent(file[3]!));
    if (!content) {
      response.writeHead(404).end();
      return;
    }
    this.send(content, request, response);
  }

  private list(repository: string, url: URL, response: ServerResponse): void {
    const files = this.repositories.get(repository);
    if (!files) {
      response.writeHead(404).end();
      return;
    }
    const page = Number(url.searchParams.get('page') ?? 0);
    const entries = [...files].map(([path, content]) => {
      const blob = createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');
      const sha256 = createHash('sha256').update(content).digest('hex');
      const isLarge = /\.(safetensors|parquet)$/.test(path);
      const lfs = isLarge ? { lfs: { oid: sha256, size: content.length, pointerSize: 130 } } : {};
      return { type: 'file', path, size: content.length, oid: blob, ...lfs };
    });
    const shown = entries.slice(page * this.pageSize, (page + 1) * this.pageSize);
    if ((page + 1) * this.pageSize < entries.length) {
      url.searchParams.set('page', String(page + 1));
      response.setHeader('link', `<${url.href}>; rel="next"`);
    }
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify([{ type: 'directory', path: 'folder', size: 0, oid: '' }, ...shown]));
  }

  private send(content: Buffer, request: IncomingMessage, response: ServerResponse): void {
    const fault = this.faults.shift();
    const from =
      fault === 'no-range' ? 0 : Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (fault === 'busy') {
      response.writeHead(503).end();
      return;
    }
    const body = Buffer.from(content.subarray(from));
    if (fault === 'damage') body[0]! ^= 1;
    if (from > 0)
      response.writeHead(206, { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` });
    if (fault === 'cut' || fault === 'stall') {
      response.write(body.subarray(0, body.length >> 1));
      if (fault === 'cut') setTimeout(() => response.destroy(), 30);
      return;
    }
    response.end(fault === 'too-long' ? Buffer.concat([body, body]) : body);
  }
}
