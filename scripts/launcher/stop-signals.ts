/**
 * Resolves to null when somebody asks this process to end: Ctrl-C, a signal, a closed terminal, or the
 * end of the process that started it. Further requests change nothing: an orderly stop is under way.
 */
export function stopRequested(): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => resolve(null));
    }
    process.on('disconnect', () => resolve(null));
  });
}
