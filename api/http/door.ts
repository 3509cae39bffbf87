/** The published APIs that share this server; each speaks its own dialect. A document tag names its door. */
export const DOORS = ['therapy', 'booking', 'scheduling', 'support', 'teletherapy', 'own'] as const;

export type Door = (typeof DOORS)[number];

/** Tells the dialect of a path that no operation matches; operations carry their door themselves. */
const PREFIXES: readonly (readonly [RegExp, Door])[] = [
  [/^\/api\/therapy(\/|$)/, 'therapy'],
  [/^(\/api)?\/booking(\/|$)/, 'booking'],
  [/^(\/api)?\/teletherapy(\/|$)/, 'teletherapy'],
  [/^(\/api)?\/get-/, 'scheduling'],
  [/^\/sessions(\/|$)/, 'scheduling'],
  [/^\/api\/v1(\/|$)/, 'own'],
  [/^\/api(\/|$)/, 'support'],
];

export function doorOfPath(path: string): Door {
  return PREFIXES.find(([pattern]) => pattern.test(path))?.[1] ?? 'own';
}

export function isDoor(value: string): value is Door {
  return (DOORS as readonly string[]).includes(value);
}
