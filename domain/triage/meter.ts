/** Thrown when a text would cost more than its length allows; it would be a fault of ours. */
export class WorkLimitError extends Error {
  override readonly name = 'WorkLimitError';
}

/** Thrown when a text takes longer than its caller can wait. */
export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';
}

/** How many steps go by between two looks at the time: well below a millisecond's worth. */
const STEPS_BETWEEN_LOOKS = 4_096;
const STEPS_PER_CHARACTER = 3_000;
const STEPS_AT_LEAST = 2_000_000;

/** How many steps a text of this length may take: a bound, well above what any text needs. */
export function stepLimit(characters: number): number {
  return STEPS_AT_LEAST + STEPS_PER_CHARACTER * characters;
}

/** Counts elementary steps, so that "linear" can be proved without a clock. */
export class Meter {
  steps = 0;
  readonly #limit: number;
  readonly #isOverdue: () => boolean;
  #nextLook = STEPS_BETWEEN_LOOKS;

  constructor(characters: number, isOverdue: () => boolean = () => false) {
    this.#limit = stepLimit(characters);
    this.#isOverdue = isOverdue;
  }

  tick(count = 1): void {
    this.steps += count;
    if (this.steps > this.#limit) throw new WorkLimitError('The text took too many steps.');
    if (this.steps < this.#nextLook) return;
    this.#nextLook = this.steps + STEPS_BETWEEN_LOOKS;
    if (this.#isOverdue()) throw new TimeLimitError('The text took too long.');
  }
}
