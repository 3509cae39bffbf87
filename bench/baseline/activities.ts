/** Does nothing, and says so. */
export async function noop(): Promise<string> {
  return 'done';
}

/** When it ran, epoch ms. */
export async function stamp(): Promise<number> {
  return Date.now();
}
