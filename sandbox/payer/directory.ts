/** One insurer of the embedded directory. Amounts are cents of US dollars. */
export interface Payer {
  readonly id: string;
  readonly name: string;
  /** Other names that people give it. */
  readonly aliases: readonly string[];
  /** What a member in an ordinary plan pays for a session. */
  readonly copayCents: number;
}

export const PAYERS: readonly Payer[] = [
  { id: 'aetna', name: 'Aetna', aliases: [], copayCents: 2500 },
  {
    id: 'bluecross',
    name: 'BlueCross',
    aliases: ['Blue Cross', 'BlueCross BlueShield', 'Blue Cross Blue Shield', 'BCBS'],
    copayCents: 3000,
  },
  { id: 'cigna', name: 'Cigna', aliases: ['Evernorth'], copayCents: 2050 },
  {
    id: 'unitedhealthcare',
    name: 'UnitedHealthcare',
    aliases: ['United Healthcare', 'United', 'UHC', 'Optum'],
    copayCents: 3575,
  },
  { id: 'kaiser', name: 'Kaiser Permanente', aliases: ['Kaiser'], copayCents: 1500 },
];

/** How the directory treats a member id. */
export type Membership =
  | {
      readonly kind: 'covered';
      /** Null for what the payer's ordinary plan asks. */
      readonly copayCents: number | null;
      /** The plan's group; a request that names another one is refused. Null for any. */
      readonly group: string | null;
      readonly from: string;
      readonly until: string | null;
    }
  | { readonly kind: 'excluded' }
  | { readonly kind: 'pending' }
  | { readonly kind: 'slow' }
  | { readonly kind: 'down' };

const COVERED = { kind: 'covered', copayCents: null, group: null } as const;

/**
 * The member ids that every payer knows. Any other is answered as unknown.
 *
 * | Member id   | What happens                                                      |
 * | ----------- | ----------------------------------------------------------------- |
 * | `123456789` | active; group `ABC123`, or none named                             |
 * | `100000001` | active, no co-pay                                                 |
 * | `100000002` | active, co-pay 60.00                                              |
 * | `200000001` | lapsed at the end of 2023: not in force                           |
 * | `200000002` | begins in 2099: not in force yet                                  |
 * | `300000001` | in force, but mental health is not covered                        |
 * | `400000001` | answered after ten seconds, then active                           |
 * | `400000002` | the payer is down: 503 with `Retry-After`                         |
 * | `400000003` | the payer queues the request: outcome `queued`                    |
 */
export const MEMBERS: Readonly<Record<string, Membership>> = {
  '123456789': { ...COVERED, group: 'ABC123', from: '2020-01-01', until: null },
  '100000001': { ...COVERED, copayCents: 0, from: '2020-01-01', until: null },
  '100000002': { ...COVERED, copayCents: 6000, from: '2020-01-01', until: null },
  '200000001': { ...COVERED, from: '2020-01-01', until: '2023-12-31' },
  '200000002': { ...COVERED, from: '2099-01-01', until: null },
  '300000001': { kind: 'excluded' },
  '400000001': { kind: 'slow' },
  '400000002': { kind: 'down' },
  '400000003': { kind: 'pending' },
};

export function findPayer(name: string): Payer | null {
  const wanted = fold(name);
  return (
    PAYERS.find((payer) => [payer.name, payer.id, ...payer.aliases].map(fold).includes(wanted)) ??
    null
  );
}

export function searchPayers(prefix: string): Payer[] {
  const wanted = fold(prefix);
  return PAYERS.filter((payer) =>
    [payer.name, ...payer.aliases].some((name) => fold(name).startsWith(wanted)),
  );
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
