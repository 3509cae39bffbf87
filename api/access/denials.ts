import { auditRead } from '../../db/audit/record.ts';
import { errorCodeOf } from '../../domain/errors.ts';
import type { Answer, Call } from '../http/handler.ts';
import { auditContext } from './audit-context.ts';
import type { Principal } from './principal.ts';

/** What somebody tried, and on what. */
export interface Target {
  /** Object and verb, such as `session.read`. */
  readonly action: string;
  readonly objectType: string;
  readonly objectId: string | null;
}

type AnyCall = Omit<Call, 'principal'> & { readonly principal: Principal | null };

const DENIALS: ReadonlySet<string> = new Set(['forbidden', 'not_found', 'relationship_required']);
const recorded = new WeakSet<AnyCall>();

/** Puts a denied attempt on record, before it is answered. */
export async function recordDenial(call: AnyCall, target: Target): Promise<void> {
  recorded.add(call);
  const context = auditContext(call.principal, call.requestId);
  await auditRead(call.deps.knex, context, { ...target, outcome: 'denied' });
}

/**
 * Runs a handler and sees to it that no denial goes unrecorded, wherever it was found out: an
 * object of another clinic shows only as a row that a query didn't find.
 */
export async function recordingDenials(call: AnyCall, run: () => Promise<Answer>): Promise<Answer> {
  try {
    return await run();
  } catch (error) {
    const code = errorCodeOf(error);
    const isDenial = DENIALS.has(code ?? '');
    if (isDenial && call.principal !== null && !recorded.has(call)) {
      const objectId = Object.values(call.params)[0] ?? null;
      await recordDenial(call, { action: call.operationId, objectType: 'operation', objectId });
    }
    throw error;
  }
}

/** Runs a use case that puts its denials on record by itself, for sockets as well: they are not recorded again. */
export async function recordedWithin<T>(call: AnyCall, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (DENIALS.has(errorCodeOf(error) ?? '')) recorded.add(call);
    throw error;
  }
}
