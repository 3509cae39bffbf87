/** How long a part took to be ready, and when in the whole start it began. */
export interface PartTime {
  part: string;
  beganMs: number;
  tookMs: number;
}

/** Measures the parts of a start, which overlap. */
export class Stopwatch {
  readonly #origin = performance.now();
  readonly #parts: PartTime[] = [];

  async time<T>(part: string, work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    const tookMs = Math.round(performance.now() - began);
    this.#parts.push({ part, beganMs: Math.round(began - this.#origin), tookMs });
    return result;
  }

  report(): { totalMs: number; parts: readonly PartTime[] } {
    return { totalMs: Math.round(performance.now() - this.#origin), parts: this.#parts };
  }
}
