/** Protocol runs of one connection, as its client sees them: what is asked, what came of it, and what it cost. */
import type { PublicModel } from '../../model/artifact/artifact.js';
import type { Encoding } from '../../model/tokenizer/tokenizer.js';
import type { AnswerTerms } from '../core/answer.js';
import { withSpan } from '../core/span.js';
import type { Channel } from '../net/channel.js';
import { receiveBegin, type Wait } from '../net/notice.js';
import { type Classification, classificationOf } from '../run/classification.js';
import type { Party, PartyResult } from '../run/party.js';
import { sendRequest } from '../run/request.js';
import type { TextOrPair } from '../run/text-input.js';
import { createLeakList, type RecordedSession } from '../session/create-session.js';
import { type Cost, Meter } from '../session/meter.js';
import type { LeakRecord } from '../session/session.js';
import type { ClientAhead } from './client-ahead.js';
import type { LineNote } from './line-note.js';

/** A layer of the model that is done. */
export interface LayerProgress {
  readonly layer: number;
  /** Of the model. */
  readonly layers: number;
  readonly cost: Cost;
}

export interface EncodedInput extends TextOrPair {
  readonly encoding: Encoding;
  readonly bucket: number;
}

/** What the engine gives for each text of one run, and what each of them opened. */
interface RunResults {
  readonly results: readonly PartyResult[];
  readonly leaks: readonly (readonly LeakRecord[])[];
}

export interface ClientRunsParts {
  readonly channel: Channel;
  readonly session: RecordedSession;
  readonly party: Party;
  readonly model: PublicModel;
  readonly answer: AnswerTerms;
  /** What the server calls this connection. */
  readonly connection: string;
  readonly ahead: ClientAhead | null;
  readonly lineNote: LineNote;
  readonly onWait: (wait: Wait) => void;
  /** What was made since the text before. */
  readonly takeOffline: () => Cost;
}

export class ClientRuns {
  #runs = 0;

  constructor(private readonly parts: ClientRunsParts) {}

  /** One protocol run: a text, or a batch that shares its rounds. */
  async run(
    inputs: readonly EncodedInput[],
    onLayer?: (layer: LayerProgress) => void,
  ): Promise<Classification[]> {
    const { model, ahead, answer, connection, lineNote, takeOffline } = this.parts;
    const { length: size } = inputs;
    const { layers } = model.config;
    ahead?.beginTexts();
    const meter = new Meter(undefined, ({ layer, cost }) => onLayer?.({ layer: layer!, layers, cost }));
    const stopWatching = lineNote.watch(inputs.map(({ bucket }) => bucket));
    const { results, leaks } = await withSpan(meter.span, () =>
      size > 1 ? this.#runBatch(inputs) : this.#runAlone(inputs[0]!),
    ).finally(stopWatching);
    ahead?.endTexts(size, Math.max(...inputs.map(({ bucket }) => bucket)));
    const report = meter.finish();
    return inputs.map(({ text, textPair, encoding, bucket }, index) =>
      classificationOf({
        text,
        textPair,
        tokens: encoding.ids.length,
        truncatedTokens: encoding.droppedTokens,
        bucket,
        model,
        result: results[index]!,
        report,
        offline: takeOffline(),
        leaks: leaks[index]!,
        answer,
        place: { index, size },
        request: `${connection}-${this.#runs}`,
      }),
    );
  }

  async #runAlone({ encoding, bucket }: EncodedInput): Promise<RunResults> {
    const { channel, session, party } = this.parts;
    sendRequest(channel, { kind: 'classify', bucket });
    await this.#begin();
    session.recordLeak('length-bucket', 'server');
    const { ids, tokenTypes } = encoding;
    const result = await party.classify({ ids, tokenTypes }, bucket);
    return { results: [result], leaks: [session.takeLeaks()] };
  }

  async #runBatch(inputs: readonly EncodedInput[]): Promise<RunResults> {
    const { channel, session, party } = this.parts;
    const lists = inputs.map(() => createLeakList('client'));
    sendRequest(channel, { kind: 'classify-batch', buckets: inputs.map(({ bucket }) => bucket) });
    await this.#begin();
    for (const list of lists) list.recordLeak('length-bucket', 'server');
    const results = await party.classifyBatch(
      inputs.map(({ encoding, bucket }) => ({ text: encoding, bucket })),
      (lane, name, to) => lists[lane]!.recordLeak(name, to),
    );
    session.takeLeaks(); // merged openings: the lists have each text's own
    return { results, leaks: lists.map((list) => list.takeLeaks()) };
  }

  /** The server has a turn for this run. @throws RefusedError */
  async #begin(): Promise<void> {
    await receiveBegin(this.parts.channel, this.parts.onWait);
    this.#runs++;
  }
}
