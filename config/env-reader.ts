export type Env = Readonly<Record<string, string | undefined>>;

/** One variable that can't be used: its name and what it should be, never the value it has. */
export interface SettingFault {
  variable: string;
  message: string;
}

/** Thrown once for everything that is wrong with the environment. */
export class SettingsFault extends Error {
  readonly faults: readonly SettingFault[];

  constructor(faults: readonly SettingFault[]) {
    super(faults.map(({ variable, message }) => `${variable} ${message}`).join('; ') + '.');
    this.name = 'SettingsFault';
    this.faults = faults;
  }
}

const blockedPorts = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
  6679, 6697, 10_080,
]);

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** So many of something within so many seconds. */
export interface Rate {
  readonly points: number;
  readonly seconds: number;
}

/**
 * Reads typed values out of an environment and collects every fault on the way, so that all of them
 * can be told at once. A faulty variable reads as its fallback; `finish` throws before anyone sees it.
 * An empty variable counts as absent, as compose files and shells leave them.
 */
export class EnvReader {
  readonly #env: Env;
  readonly #faults: SettingFault[] = [];

  constructor(env: Env) {
    this.#env = env;
  }

  has(variable: string): boolean {
    return this.#raw(variable) !== undefined;
  }

  fault(variable: string, message: string): void {
    this.#faults.push({ variable, message });
  }

  text(variable: string): string | null {
    return this.#raw(variable) ?? null;
  }

  /** A value without which the product can't run. */
  required(variable: string): string {
    const raw = this.#raw(variable);
    if (raw === undefined) this.fault(variable, 'is missing');
    return raw ?? '';
  }

  integer(variable: string, fallback: number, least: number, most: number): number {
    const raw = this.#raw(variable);
    if (raw === undefined) return fallback;
    const value = /^\d{1,10}$/.test(raw) ? Number(raw) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.fault(variable, `must be a whole number from ${least} to ${most}`);
    return fallback;
  }

  /** A number with up to six decimals. */
  decimal(variable: string, fallback: number, most: number): number {
    const raw = this.#raw(variable);
    if (raw === undefined) return fallback;
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(raw) ? Number(raw) : Number.NaN;
    if (value <= most) return value;
    this.fault(variable, `must be a number from 0 to ${most}, such as 0.15`);
    return fallback;
  }

  port(variable: string, fallback: number): number {
    return this.integer(variable, fallback, 1, 65_535);
  }

  /** A port for HTTP, but none that the Fetch standard has every browser and `fetch` refuse. */
  httpPort(variable: string, fallback: number): number {
    const port = this.port(variable, fallback);
    if (!blockedPorts.has(port)) return port;
    this.fault(variable, 'must not be one of the ports that browsers refuse');
    return fallback;
  }

  flag(variable: string): boolean {
    const raw = this.#raw(variable)?.toLowerCase();
    if (raw === undefined || raw === '0' || raw === 'false') return false;
    if (raw === '1' || raw === 'true') return true;
    this.fault(variable, 'must be 1 or 0');
    return false;
  }

  choice<T extends string>(variable: string, fallback: T, choices: readonly T[]): T {
    const raw = this.#raw(variable);
    if (raw === undefined) return fallback;
    const found = choices.find((choice) => choice === raw);
    if (found === undefined) this.fault(variable, `must be one of ${choices.join(', ')}`);
    return found ?? fallback;
  }

  /** A URL of one of the given protocols ('https:'), without a trailing slash. */
  url(variable: string, protocols: readonly string[]): string | null {
    const raw = this.#raw(variable);
    if (raw === undefined) return null;
    if (URL.canParse(raw) && protocols.includes(new URL(raw).protocol))
      return raw.replace(/\/+$/, '');
    this.fault(variable, `must be a URL that begins with ${protocols.join('// or ')}//`);
    return null;
  }

  /** A length of time with its unit, such as `15m`; in milliseconds. */
  durationMs(variable: string, fallbackMs: number): number {
    const raw = this.#raw(variable);
    if (raw === undefined) return fallbackMs;
    const [, amount, unit] = /^(\d{1,9})(ms|s|m|h|d)$/.exec(raw) ?? [];
    const valueMs = Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN);
    if (valueMs > 0) return valueMs;
    this.fault(variable, 'must be a time with its unit (ms, s, m, h or d), such as 15m');
    return fallbackMs;
  }

  /** So many within a time, such as `100/15m`. */
  rate(variable: string, fallback: Rate): Rate {
    const raw = this.#raw(variable);
    if (raw === undefined) return fallback;
    const [, points, amount, unit] = /^(\d{1,9})\/(\d{1,9})(s|m|h|d)$/.exec(raw) ?? [];
    const seconds = (Number(amount) * (unitMs[unit ?? ''] ?? Number.NaN)) / 1000;
    if (Number(points) > 0 && seconds > 0) return { points: Number(points), seconds };
    this.fault(variable, 'must be a number of requests and a time, such as 100/15m');
    return fallback;
  }

  /** Comma-separated values; absent means none. */
  list(variable: string): string[] {
    const parts = this.#raw(variable)?.split(',') ?? [];
    return parts.map((part) => part.trim()).filter((part) => part !== '');
  }

  /** A JSON array whose every element `accept` turns into a T; null from it refuses the whole. */
  jsonList<T>(variable: string, shape: string, accept: (item: unknown) => T | null): T[] {
    const raw = this.#raw(variable);
    if (raw === undefined) return [];
    const items = parsedArray(raw)?.map(accept);
    if (items?.every((item) => item !== null)) return items as T[];
    this.fault(variable, `must be a JSON array of ${shape}`);
    return [];
  }

  /** Throws one SettingsFault when anything was wrong. */
  finish(): void {
    if (this.#faults.length > 0) throw new SettingsFault(this.#faults);
  }

  #raw(variable: string): string | undefined {
    const value = this.#env[variable]?.trim();
    return value === '' ? undefined : value;
  }
}

function parsedArray(json: string): unknown[] | null {
  try {
    const value: unknown = JSON.parse(json);
    return Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
