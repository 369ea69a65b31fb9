/** Runs a task once this turn of the event loop is over and what arrived meanwhile was noticed. */
export const nextTask: (task: () => void) => void =
  typeof setImmediate === 'function' ? setImmediate : byMessages();

/** As browsers have it; the types of Node's say less. */
interface Ports {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: null): void };
}

/** In browsers, whose timers wait 4 ms when they start one another: messages to oneself do not. */
function byMessages(): (task: () => void) => void {
  const tasks: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel() as unknown as Ports;
  port1.onmessage = () => tasks.shift()?.();
  return (task) => {
    tasks.push(task);
    port2.postMessage(null);
  };
}
