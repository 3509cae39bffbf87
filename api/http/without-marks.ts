/**
 * The words of JSON that is broken: its own quotation marks would make a quotation of what somebody
 * says of themselves.
 */
export function withoutMarks(broken: string): string {
  return broken.replaceAll(/\\[bfnrt]|["{}[\]\\]+/g, '\n');
}
