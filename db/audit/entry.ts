/** Who acts: a person, or the product itself (`id` null, role `system`). */
export interface Actor {
  readonly id: string | null;
  readonly role: string;
  readonly clinicId: string | null;
}

export interface AuditContext {
  readonly actor: Actor;
  readonly requestId: string | null;
}

export type AuditCode = string | number | boolean | null;

/** What changed, as codes, ids and instants: `{ status: { from: 'held', to: 'expired' } }`. */
export type AuditChanges = Readonly<
  Record<string, AuditCode | { readonly from: AuditCode; readonly to: AuditCode }>
>;

/** One act on one object. Ids and codes only: never health data, never a text that a client typed. */
export interface AuditEntry {
  /** Object and verb, such as `session.read`. */
  readonly action: string;
  readonly objectType: string;
  readonly objectId: string | null;
  /** The person whose data it is. */
  readonly subjectId?: string | null;
  /** The clinic whose data it is; the actor's where it is not said. */
  readonly clinicId?: string | null;
  readonly outcome?: 'allowed' | 'denied';
  readonly changes?: AuditChanges;
}

/** A row as it is inserted. */
export interface AuditInsert {
  readonly clinic_id: string | null;
  readonly actor_id: string | null;
  readonly actor_role: string;
  readonly action: string;
  readonly object_type: string;
  readonly object_id: string | null;
  readonly subject_id: string | null;
  readonly outcome: 'allowed' | 'denied';
  readonly request_id: string | null;
  readonly changes: AuditChanges | null;
}

export const SYSTEM_ACTOR: Actor = { id: null, role: 'system', clinicId: null };

/** Ids, codes, instants and versions look like this; sentences, names and addresses do not. */
const CODE = /^[A-Za-z0-9_.:+/-]{0,80}$/;
export const WITHHELD = '[withheld]';

function code(value: AuditCode): AuditCode {
  return typeof value === 'string' && !CODE.test(value) ? WITHHELD : value;
}

function codeOrNull(value: string | null | undefined): string | null {
  return value === undefined || value === null ? null : String(code(value));
}

function codesOf(changes: AuditChanges): AuditChanges {
  const entries = Object.entries(changes).map(([name, change]) => {
    const isStep = typeof change === 'object' && change !== null;
    return [name, isStep ? { from: code(change.from), to: code(change.to) } : code(change)];
  });
  return Object.fromEntries(entries) as AuditChanges;
}

/**
 * The row of an entry. Text that is no code is withheld rather than refused: a mistake in
 * what is recorded must neither leak data nor stop the act.
 */
export function toInsert(context: AuditContext, entry: AuditEntry): AuditInsert {
  const { actor } = context;
  return {
    clinic_id: entry.clinicId === undefined ? actor.clinicId : entry.clinicId,
    actor_id: actor.id,
    actor_role: actor.role,
    action: String(code(entry.action)),
    object_type: String(code(entry.objectType)),
    object_id: codeOrNull(entry.objectId),
    subject_id: entry.subjectId ?? null,
    outcome: entry.outcome ?? 'allowed',
    request_id: codeOrNull(context.requestId),
    changes: entry.changes === undefined ? null : codesOf(entry.changes),
  };
}
