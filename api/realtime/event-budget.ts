/** How many events a sender may send: a burst, refilled steadily. What is beyond it waits. */
export class EventBudget {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #atMs: number;

  constructor(burst: number, perSecond: number, nowMs: number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#atMs = nowMs;
  }

  /** Takes one, spent or not; returns how long it has to wait for its turn, ms. */
  take(nowMs: number): number {
    const refill = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + refill) - 1;
    this.#atMs = nowMs;
    return this.#left >= 0 ? 0 : (-this.#left / this.#perSecond) * 1000;
  }

  /** Takes what something turned out to cost beyond the one. */
  spend(count: number): void {
    this.#left -= count;
  }

  /** Gives one back that was not used. */
  putBack(): void {
    this.#left += 1;
  }
}
