import { describe, expect, it } from 'vitest';
import { Doorkeeper, type Visit } from '../../../inference/server/doorkeeper.js';

function doorkeeper(maxClients = 4, maxPerAddress = 4) {
  let now = 0;
  const keeper = new Doorkeeper({ maxClients, maxPerAddress, now: () => now });
  const evicted: string[] = [];
  return {
    keeper,
    evicted,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    knock: (from: string) => keeper.knock(from, () => evicted.push(from)),
  };
}

const visit = (knocked: string | Visit): Visit => {
  if (typeof knocked === 'string') throw new Error(knocked);
  return knocked;
};

describe('doorkeeper', () => {
  it('counts a place after the handshake only, and gives it back', () => {
    const { keeper, knock } = doorkeeper(2);
    const silent = Array.from({ length: 12 }, (_, i) => visit(knock(`10.0.0.${i}`)));
    const [a, b, c] = ['a', 'b', 'c'].map((from) => visit(knock(from)));
    expect([a!.enter(), b!.enter(), c!.enter()]).toEqual([null, null, '2 clients are being served']);
    a!.leave();
    expect(keeper.served).toBe(1);
    expect(silent[0]!.enter()).toBeNull();
  });

  it('serves no more of an address than it is told', () => {
    const { knock } = doorkeeper(10, 5);
    const visits = Array.from({ length: 6 }, () => visit(knock('a')));
    expect(visits.map((each) => each.enter())).toEqual([
      ...Array.from({ length: 5 }, () => null),
      '5 clients of its address are being served',
    ]);
    expect(visit(knock('b')).enter()).toBeNull();
  });

  it('bounds those that say nothing: by address, and in all by sending the oldest away', () => {
    const { knock, evicted } = doorkeeper();
    for (let i = 0; i < 16; i++) visit(knock('a'));
    expect(knock('a')).toContain('of its address wait');
    for (let i = 0; i < 112; i++) visit(knock(`b${i}`));
    expect(evicted).toEqual([]);
    visit(knock('late'));
    expect(evicted).toEqual(['a']);
  });

  it('turns away addresses whose connections keep breaking off, for a while', () => {
    const { knock, pass } = doorkeeper();
    const breakOff = (from: string) => {
      const each = visit(knock(from));
      each.enter();
      each.leave();
    };
    for (let i = 0; i < 16; i++) breakOff('a');
    expect(knock('a')).toContain('broke off');
    breakOff('b');
    pass(400);
    breakOff('a');
    expect(knock('a')).toContain('broke off');
    // Who was set up is not held against anybody.
    for (let i = 0; i < 40; i++) {
      const each = visit(knock('c'));
      each.enter();
      each.ready();
      each.leave();
    }
    expect(typeof knock('c')).toBe('object');
  });
});
