import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Wait } from '../../../inference/net/notice.js';
import { refusal } from '../../../inference/net/refusal.js';
import { Admission } from '../../../inference/server/admission.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Enters and tells what happened: told places, whether it is in, its error. */
function enter(admission: Admission, key = 'a', tell?: (wait: Wait) => void) {
  const state = {
    places: [] as number[],
    seconds: [] as number[],
    leave: null as null | (() => void),
    error: null as unknown,
  };
  const told = ({ place, seconds }: Wait): void => {
    state.places.push(place);
    state.seconds.push(seconds);
    tell?.({ place, seconds });
  };
  admission.enter(key, told).then(
    (leave) => {
      state.leave = leave;
    },
    (error) => {
      state.error = error;
    },
  );
  return state;
}

const settled = () => vi.advanceTimersByTimeAsync(0);

describe('an admission', () => {
  const options = { slots: 2, queueLength: 2, what: 'texts are at work' };

  it('lets so many in, has others wait in order, and refuses more than may wait', async () => {
    const admission = new Admission(options);
    const [first, second, third, fourth, fifth] = Array.from({ length: 5 }, () => enter(admission));
    await settled();
    expect([first!.leave, second!.leave].every((leave) => leave !== null)).toBe(true);
    expect([third!.places, fourth!.places]).toEqual([[1], [2]]);
    expect(fifth!.error).toMatchObject({
      kind: 'busy',
      message: '2 texts are at work, and 2 wait',
      retryAfterSeconds: 5,
    });
    second!.leave!();
    second!.leave!();
    await settled();
    expect(third!.leave).not.toBeNull();
    expect(fourth!.leave).toBeNull();
    expect([admission.running, admission.waiting]).toEqual([2, 1]);
  });

  it('tells those who wait again and again, with the time that it may take', async () => {
    const admission = new Admission(options);
    const first = enter(admission);
    enter(admission);
    await settled();
    await vi.advanceTimersByTimeAsync(4_000);
    first.leave!();
    enter(admission);
    const waiting = enter(admission);
    await settled();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(waiting.places).toEqual([1, 1, 1, 1]);
    expect(waiting.seconds[0]).toBe(2);
  });

  it('notices who has left while it waited', async () => {
    const admission = new Admission({ ...options, slots: 1 });
    const first = enter(admission);
    let isThere = true;
    const gone = enter(admission, 'b', () => {
      if (!isThere) throw new Error('sending on a closed connection');
    });
    const third = enter(admission, 'c');
    isThere = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(gone.error).toMatchObject({ message: 'sending on a closed connection' });
    first.leave!();
    await settled();
    expect(third.leave).not.toBeNull();
  });

  it('passes over those who have their share', async () => {
    const admission = new Admission({ ...options, slots: 3, slotsPerKey: 2, queueLength: 9 });
    const [first] = Array.from({ length: 4 }, () => enter(admission, 'a'));
    const other = enter(admission, 'b');
    await settled();
    expect(other.leave).not.toBeNull();
    expect([admission.running, admission.waiting]).toEqual([3, 2]);
    first!.leave!();
    await settled();
    expect([admission.running, admission.waiting]).toEqual([3, 1]);
  });

  it('lets more in as long as the processor is not busy', async () => {
    let busy = 0.9;
    const admission = new Admission({ ...options, mostSlots: 3, queueLength: 9, utilization: () => busy });
    Array.from({ length: 4 }, () => enter(admission));
    await settled();
    expect(admission.running).toBe(2);
    busy = 0.2;
    await vi.advanceTimersByTimeAsync(1_000);
    expect([admission.running, admission.waiting]).toEqual([3, 1]);
  });

  it('refuses those who wait, and who come, when the server ends', async () => {
    const admission = new Admission({ ...options, slots: 1 });
    const first = enter(admission);
    const waiting = enter(admission);
    await settled();
    admission.close(refusal('ending', 'the server is ending', 5));
    const late = enter(admission);
    await settled();
    expect([waiting.error, late.error]).toMatchObject([{ kind: 'ending' }, { kind: 'ending' }]);
    expect(first.error).toBeNull();
  });
});
