import type { Chronicle } from './chronicle.ts';
import type { Caller } from './stack.ts';

/** One entry of `GET /api/v1/sessions/{id}/timeline`. */
export interface RecordEntry {
  readonly at: string;
  readonly source: 'session' | 'message' | 'payment' | 'refund';
  readonly kind: string;
  readonly actorId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A session's record, told entry by entry as it grows. */
export interface RecordWatch {
  /** Reads the record, tells what is new in it, and gives all of it. */
  look(): Promise<readonly RecordEntry[]>;
}

export function watchRecord(
  reader: Caller,
  sessionId: string,
  chronicle: Chronicle,
  nameOf: (personId: string) => string,
): RecordWatch {
  const told = new Set<string>();
  return {
    look: async () => {
      const path = `/api/v1/sessions/${sessionId}/timeline`;
      const entries = await reader.call<RecordEntry[]>('GET', path);
      for (const entry of entries) {
        const identity = identityOf(entry);
        if (told.has(identity) || isUnderWay(entry)) continue;
        told.add(identity);
        chronicle.say(new Date(entry.at), entry.source, describe(entry, nameOf));
      }
      return entries;
    },
  };
}

/** A message on its way is told of when it is known what became of it. */
function isUnderWay({ source, kind }: RecordEntry): boolean {
  return source === 'message' && kind.endsWith('.sending');
}

/** A message or payment that has moved on is a new thing to tell; its time may be the old one. */
function identityOf({ at, kind, data }: RecordEntry): string {
  const thing = data['key'] ?? data['refundId'] ?? data['paymentId'] ?? at;
  return `${kind} ${String(thing)}`;
}

function describe(entry: RecordEntry, nameOf: (personId: string) => string): string {
  const words = entry.kind.replaceAll('_', ' ').replace('.', ' ');
  const { data, actorId } = entry;
  const details = [
    actorId === null ? null : `by ${nameOf(actorId)}`,
    typeof data['channel'] === 'string' ? `by ${data['channel']}` : null,
    typeof data['recipientId'] === 'string' ? `to ${nameOf(data['recipientId'])}` : null,
    moneyIn(data),
    typeof data['reason'] === 'string' ? `(${data['reason']})` : null,
  ];
  return [words, ...details.filter((detail) => detail !== null)].join(' ');
}

function moneyIn(data: RecordEntry['data']): string | null {
  const { amountCents, currency } = data;
  if (typeof amountCents !== 'number') return null;
  const amount = (amountCents / 100).toFixed(2);
  return typeof currency === 'string' ? `${amount} ${currency}` : amount;
}
