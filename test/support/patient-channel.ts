/** A channel that gives its peer up as channels over TCP and WebSockets do, by the same patience. */
import type { Channel } from '../../inference/net/channel.js';
import { Patience } from '../../inference/net/patience.js';

export function patientChannel(channel: Channel, peer: string, timeoutMilliseconds: number): Channel {
  let giveUp: (error: Error) => void = () => undefined;
  const silence = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // Nobody may be waiting.
  silence.catch(() => undefined);
  const patience = new Patience({
    peer,
    timeoutMilliseconds,
    progress: () => ({ expected: 1, got: 0 }),
    grace: () => 0,
    onTimeout(error) {
      giveUp(error);
      void channel.close();
    },
  });
  return {
    send(bytes) {
      channel.send(bytes);
      patience.left();
    },
    async receive(byteLength) {
      const bytes = await patience.wait(Promise.race([silence, channel.receive(byteLength)]));
      patience.arrived(false);
      return bytes;
    },
    flush: () => channel.flush?.(),
    close() {
      patience.stop();
      return channel.close();
    },
  };
}
