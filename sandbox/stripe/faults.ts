/**
 * What goes wrong with a request. `timeout_after`: it is performed and never answered;
 * `drop_after`: performed, and the connection closed instead of an answer; `drop_before`: the
 * connection is closed and nothing performed; `error_500`: refused before it began, so a retry
 * works; `error_500_stored`: performed, answered 500, and that 500 stored under the key;
 * `rate_limit`: 429, nothing performed; `slow`: performed after `delayMs`.
 */
export const FAULT_KINDS = [
  'timeout_after',
  'drop_after',
  'drop_before',
  'error_500',
  'error_500_stored',
  'rate_limit',
  'slow',
] as const;

export type FaultKind = (typeof FAULT_KINDS)[number];

export type Fault = {
  /** Upper-case method, or `*`. */
  method: string;
  /** A path below the host, `*` standing for any part of it: `/v1/refunds*`. */
  path: string;
  kind: FaultKind;
  /** How many more requests it strikes. */
  times: number;
  /** For `slow` and `timeout_after`. */
  delayMs: number;
};

/** The faults that wait for their request, oldest first. */
export class FaultPlan {
  #faults: Fault[] = [];

  add(fault: Fault): void {
    this.#faults.push(fault);
  }

  clear(): void {
    this.#faults = [];
  }

  list(): readonly Fault[] {
    return this.#faults;
  }

  /** The fault for this request, which it uses up. */
  take(method: string, path: string): Fault | null {
    const fault = this.#faults.find(
      (candidate) =>
        (candidate.method === '*' || candidate.method === method) &&
        pattern(candidate.path).test(path),
    );
    if (fault === undefined) return null;
    fault.times -= 1;
    if (fault.times <= 0) this.#faults = this.#faults.filter((each) => each !== fault);
    return fault;
  }
}

function pattern(path: string): RegExp {
  const literal = path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`);
}
