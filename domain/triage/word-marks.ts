/** A place for a mark on each word of a vocabulary; used again, since to make one costs far more. */
export class WordMarks {
  readonly #size: () => number;
  #marks = new Uint8Array();

  /** The ids of all words are below `size`. */
  constructor(size: () => number) {
    this.#size = size;
  }

  /** Without any mark. Whoever had them before has them no more. */
  cleared(): Uint8Array {
    const size = this.#size();
    if (this.#marks.length === size) this.#marks.fill(0);
    else this.#marks = new Uint8Array(size);
    return this.#marks;
  }
}

/**
 * Whether each of these lists has a word with some mark. Asked hundreds of times for each message:
 * counting makes no iterators, which the collector would have to take away.
 */
export function areAllMarked(lists: readonly (readonly number[])[], marks: Uint8Array): boolean {
  for (let at = 0; at < lists.length; at += 1) {
    if (!isOneMarked(lists[at]!, marks, ANY)) return false;
  }
  return true;
}

const ANY = 0xff;

/** Whether one of the words has a mark among the bits of `mark`. */
export function isOneMarked(words: readonly number[], marks: Uint8Array, mark: number): boolean {
  for (let at = 0; at < words.length; at += 1) if ((marks[words[at]!]! & mark) !== 0) return true;
  return false;
}
