import { auditRead } from '../../../db/audit/record.ts';
import { findSupportSession } from '../../../db/support-sessions.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforceSupport, relationToSupport } from '../../access/support-access.ts';
import type { SupportAct, SupportRelation } from '../../access/support-access.ts';
import type { Call } from '../../http/handler.ts';
import { facesOf, peopleOf } from './people.ts';
import type { ShownSession } from './present.ts';
import { openSupportTexts } from './texts.ts';

export interface OpenedSession {
  readonly session: SupportSession;
  readonly relation: SupportRelation;
}

/** The session of the path, for whoever may do this with it. Throws `not_found` or `forbidden`. */
export async function openSupport(call: Call, act: SupportAct): Promise<OpenedSession> {
  const id = call.params.id!;
  const session = await findSupportSession(call.deps.knex, id);
  const relation = await enforceSupport(call, act, id, session);
  return { session: session!, relation };
}

/** The session as it stands now. */
export async function refetch(call: Call, id: string): Promise<SupportSession> {
  const session = await findSupportSession(call.deps.knex, id);
  if (session === null) throw new HoldfastError('not_found', 'There is nothing of this id');
  return session;
}

type Columns = Parameters<typeof openSupportTexts>[3];

/** Sessions with their texts and people as the caller may see them, in two queries. */
export async function showSessions(
  { deps, principal }: Call,
  sessions: readonly SupportSession[],
  columns?: Columns,
): Promise<ShownSession[]> {
  const [texts, people] = await Promise.all([
    openSupportTexts(deps.cipher, deps.knex, sessions, columns),
    peopleOf(deps.knex, sessions),
  ]);
  return sessions.map((session, index) => ({
    session,
    texts: texts[index]!,
    faces: facesOf(session, people, relationToSupport(principal, session)),
  }));
}

export async function showSession(
  call: Call,
  session: SupportSession,
  columns?: Columns,
): Promise<ShownSession> {
  const [shown] = await showSessions(call, [session], columns);
  return shown!;
}

/** Puts on record whose words the caller is about to be shown. */
export async function auditShown(
  { deps, principal, requestId }: Call,
  action: string,
  sessions: readonly SupportSession[],
): Promise<void> {
  const others = sessions.filter(({ patientId }) => patientId !== principal.personId);
  const entries = others.map(({ id, patientId }) => ({
    action,
    objectType: 'support_session',
    objectId: id,
    subjectId: patientId,
  }));
  if (entries.length > 0) {
    await auditRead(deps.knex, auditContext(principal, requestId), ...entries);
  }
}
