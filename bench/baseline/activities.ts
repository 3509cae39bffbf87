/** Does nothing, and says so. */
export async function noop(): Promise<string> {
  return 'done';
}
