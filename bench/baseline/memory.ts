/** Loaded before a program: tells what it holds, once what it dropped is gone. */
process.on('message', (message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  process.send?.(process.memoryUsage());
});
// A question must not keep the program alive.
process.channel?.unref();
