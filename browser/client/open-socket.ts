/** A WebSocket that is open. */
import { UnreachableError } from '../../inference/core/errors.js';
import { SUBPROTOCOL, WebSocketChannel } from '../../inference/net/web-socket-channel.js';

/** `peer`: how it is called in errors. A browser says nothing of why. @throws UnreachableError */
export function openSocket(
  url: string,
  peer: string,
  timeoutMilliseconds: number,
): Promise<WebSocketChannel> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, SUBPROTOCOL);
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(new UnreachableError(`${peer} cannot be reached${reason}`));
      socket.close();
    };
    const timer = setTimeout(
      () => fail(` (no answer in ${timeoutMilliseconds / 1000} s)`),
      timeoutMilliseconds,
    );
    socket.onerror = () => fail('');
    socket.onopen = () => {
      clearTimeout(timer);
      socket.onerror = null;
      resolve(new WebSocketChannel(socket, { peer, timeoutMilliseconds }));
    };
  });
}
