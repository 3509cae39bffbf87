import { listWaiting, seeHelper } from '../../../db/support-queue.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { recordDenial } from '../../access/denials.ts';
import { helperRole, supportTarget } from '../../access/support-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes, readHelperType, readUrgency } from '../dialect.ts';
import { waitingInA, waitingInB } from './present.ts';
import { auditShown, showSessions } from './shown.ts';

const INSTRUCTIONS = {
  joinEndpoint: 'POST /api/sessions/{sessionId}/accept',
  note: 'Use the accept endpoint to take responsibility as the session helper',
};

export interface AvailableQuery {
  readonly type?: string;
  readonly helperType?: string;
  readonly urgencyLevel?: string;
  readonly severity?: string;
  readonly limit: number;
  readonly [name: string]: unknown;
}

/** `GET /api/sessions/available`: what waits for a helper such as the caller. */
export async function listAvailableSessions(call: Call<unknown, AvailableQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const role = await requireHelper(call, 'support_session.list_waiting', null);
  const { personId: helperId, clinicId } = principal;
  await seeHelper(deps.knex, helperId);
  const { sessions, total } = await listWaiting(deps.knex, {
    clinicId,
    helperId,
    role,
    helperType: readHelperType(query.helperType ?? query.type),
    severity: readUrgency(query.severity ?? query.urgencyLevel),
    onlyUrgent: false,
    showsDeclined: false,
    limit: query.limit,
  });
  await auditShown(call, 'support_session.preview', sessions);
  const shown = await showSessions(call, sessions);
  const now = Date.now();
  const waited = shown.map((one) => [one, secondsSince(one.session.createdAt, now)] as const);
  return inBothShapes(200, {
    a: { sessions: waited.map((pair) => waitingInA(...pair)), count: waited.length },
    b: {
      sessions: waited.map((pair) => waitingInB(...pair)),
      totalWaiting: total,
      instructions: INSTRUCTIONS,
    },
  });
}

export function secondsSince(instant: Date, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - instant.getTime()) / 1000));
}

/** The caller's role as a helper. Throws `forbidden`, on record, for whoever is none. */
export async function requireHelper(
  call: Call<unknown, never> | Call<unknown, AvailableQuery> | Call,
  action: string,
  objectId: string | null,
): Promise<'peer' | 'counselor' | 'admin'> {
  const role = helperRole(call.principal);
  if (role !== null) return role;
  await recordDenial(call as Call, supportTarget(action, objectId));
  const { role: own } = call.principal;
  const isUnverified = own === 'peer' || own === 'counselor';
  throw new HoldfastError(
    'forbidden',
    isUnverified
      ? 'An administrator has to verify you before you can help'
      : 'Only peers, counselors, and admins can accept sessions',
  );
}
