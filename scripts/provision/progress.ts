/** Tells how long a step takes, every few seconds, so that nobody wonders whether it hangs. */
export async function withProgress<T>(title: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const seconds = (): number => Math.round((performance.now() - began) / 1000);
  console.log(`  ${title} ...`);
  const ticking = setInterval(() => console.log(`  ${title} ... ${seconds()} s`), 10_000);
  try {
    return await work();
  } finally {
    clearInterval(ticking);
  }
}

/** What went wrong, in the words of whoever noticed it. */
export function messageOf(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}
