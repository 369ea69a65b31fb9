import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { PartyFigure, Timeline } from '../../bench/timeline/timeline.js';
import { timelineBars } from '../../experiments/timeline/chart.js';
import { writeTimeline } from '../../experiments/timeline/timeline-files.js';

const party: PartyFigure = {
  spans: [
    { name: 'text', layer: null, within: null, begin: 0, end: 100 },
    { name: 'layer0', layer: 0, within: 0, begin: 0, end: 50 },
    { name: 'linear', layer: null, within: 1, begin: 0, end: 50 },
    { name: 'layer1', layer: 1, within: 0, begin: 50, end: 100 },
    { name: 'gelu', layer: null, within: 3, begin: 50, end: 100 },
  ],
  stretches: [
    { activity: 'computing', span: 2, begin: 0, end: 18 },
    { activity: 'waiting', span: 2, begin: 18, end: 50 },
    { activity: 'computing', span: 4, begin: 50, end: 100 },
  ],
  jobs: [{ name: 'evaluate', isAhead: false, span: 2, begin: 20, end: 40 }],
  sentBytes: 1,
  receivedBytes: 2,
  steps: [{ step: 'linear', computing: 18, threads: 0, waiting: 32 }],
  total: { computing: 68, threads: 0, waiting: 32 },
};
const timeline: Timeline = {
  milliseconds: 100,
  busy: [{ parties: ['server'], milliseconds: 100 }],
  parties: { server: party },
};

describe('the chart of a timeline', () => {
  it('shows what filled most of each slot', () => {
    expect(timelineBars(timeline, 10)).toEqual([
      { lane: 'layer', what: 'layer even', begin: 0, end: 50 },
      { lane: 'layer', what: 'layer odd', begin: 50, end: 100 },
      { lane: 'server', what: 'computes', begin: 0, end: 20 },
      { lane: 'server', what: 'waits for the peer', begin: 20, end: 50 },
      { lane: 'server', what: 'computes', begin: 50, end: 100 },
      { lane: 'server: function', what: 'linear', begin: 0, end: 50 },
      { lane: 'server: function', what: 'gelu', begin: 50, end: 100 },
      { lane: 'server: threads', what: 'evaluate', begin: 20, end: 40 },
    ]);
  });
});

describe('files of a timeline', () => {
  let folder: string | undefined;
  afterEach(async () => {
    if (folder) await rm(folder, { recursive: true });
  });

  it('are the numbers, and a page that needs nothing else', async () => {
    folder = await mkdtemp(join(tmpdir(), 'cipherprune-timeline-'));
    const [numbers, page] = await writeTimeline(folder, 'tiny <b>', timeline);
    expect(JSON.parse(await readFile(numbers!, 'utf8'))).toEqual(timeline);
    const html = await readFile(page!, 'utf8');
    expect(html).toContain('<h1>tiny &lt;b&gt;</h1>');
    expect(html).toContain('waits for the peer');
    expect(html.match(/<svg/g)).toHaveLength(1);
    expect(html).not.toMatch(/<(script|link|img)|src=/);
  });
});
