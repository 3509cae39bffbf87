/** Loaded before a program: tells what it holds, once what it dropped is gone. */
process.on('message', (message) => {
  if (message !== 'memory') return;
  globalThis.gc?.();
  process.send?.(process.memoryUsage());
});
// Whoever is in a session of their own does not hear that the benchmark was broken off.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
// A question must not keep the program alive.
process.channel?.unref();
