/** Prints what happens, a line each, with the wall clock of whoever watches. */
export interface Chronicle {
  say(at: Date, who: string, text: string): void;
}

const WHO_WIDTH = 8;
/** As deep as the text of a line starts, for further lines of the same entry. */
export const INDENT = ' '.repeat(2 + 8 + 2 + WHO_WIDTH + 2);

export function createChronicle(write: (line: string) => void = console.log): Chronicle {
  return {
    say: (at, who, text) => {
      const [first = '', ...rest] = text.split('\n');
      write(`  ${clock(at)}  ${who.padEnd(WHO_WIDTH)}  ${first}`.trimEnd());
      for (const line of rest) write(`${INDENT}${line}`.trimEnd());
    },
  };
}

/** Hours, minutes and seconds on this machine's clock. */
export function clock(at: Date): string {
  return at.toTimeString().slice(0, 8);
}
