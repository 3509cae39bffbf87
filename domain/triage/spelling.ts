/** Words shorter than this are hardly guessed at: one edit makes another word of them. */
export const FUZZY_FROM_LETTERS = 5;
const LONGEST_FUZZY_WORD = 16;

export function isFuzzyLength(letters: number): boolean {
  return letters >= FUZZY_FROM_LETTERS - 1 && letters <= LONGEST_FUZZY_WORD + 1;
}

/** "kiiill" and "kill" are "kil". */
export function squeeze(word: string): string {
  return word.replaceAll(/(.)\1+/gu, '$1');
}

/** The word and every word that lacks one of its letters; at most 18 of them. */
export function withoutOneLetter(word: string): string[] {
  const shorter = [...word].map((_, at) => word.slice(0, at) + word.slice(at + 1));
  return [word, ...new Set(shorter)];
}

/** "wnat" for "want": the one slip of the fingers that is taken for one in words of four letters. */
export function withNeighboursSwapped(word: string): string[] {
  if (word.length !== FUZZY_FROM_LETTERS - 1) return [];
  return [0, 1, 2].map(
    (at) => word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2),
  );
}

/** Whether one letter added, dropped, replaced or swapped with its neighbour makes one the other. */
export function isOneEditApart(a: string, b: string): boolean {
  let from = 0;
  while (from < a.length && from < b.length && a[from] === b[from]) from += 1;
  const restA = a.slice(from);
  const restB = b.slice(from);
  if (restA.length === restB.length) {
    const isSwapped = restA[0] === restB[1] && restA[1] === restB[0];
    return restA.slice(1) === restB.slice(1) || (isSwapped && restA.slice(2) === restB.slice(2));
  }
  if (restA.length === restB.length + 1) return restA.slice(1) === restB;
  return restB.length === restA.length + 1 && restB.slice(1) === restA;
}

/** "kiiill": nobody writes a letter three times by mistake. */
export function isDrawn(word: string): boolean {
  return /(.)\1\1/u.test(word);
}
