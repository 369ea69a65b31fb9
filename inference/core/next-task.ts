/** Runs a task once this turn of the event loop is over and what arrived meanwhile was noticed; browsers have timers only. */
export function nextTask(task: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(task);
  else setTimeout(task, 0);
}
