import type { Knex } from 'knex';
import { findSession } from '../../db/sessions.ts';
import { findSupportSession } from '../../db/support-sessions.ts';
import type { Principal } from '../access/principal.ts';
import { relationTo } from '../access/session-access.ts';
import { relationToSupport } from '../access/support-access.ts';
import { idFor } from '../support/sessions/people.ts';
import { safely } from '../http/error-handler.ts';
import type { ApiDeps } from '../context.ts';

/** Whom a report is about, and the support session that it came from. */
export interface Subject {
  readonly personId: string;
  /** The id by which whoever reports knows them. */
  readonly shownId: string;
  readonly sessionId: string | null;
}

/**
 * Whoever reports something is in trouble themselves, unless they name a session in which they help
 * somebody: then it is that person. A session that is not theirs says nothing. Never throws: with
 * the database away, the report is the sender's own.
 */
export async function subjectOf(
  { crisisKnex, log }: Pick<ApiDeps, 'crisisKnex' | 'log'>,
  principal: Principal,
  sessionId: string | null,
): Promise<Subject> {
  const { personId } = principal;
  const self: Subject = { personId, shownId: personId, sessionId: null };
  if (sessionId === null) return self;
  try {
    return (await inSession(crisisKnex, principal, sessionId)) ?? self;
  } catch (error) {
    log.warn({ error: safely(error) }, 'a report is taken without its session');
    return self;
  }
}

async function inSession(
  knex: Knex,
  principal: Principal,
  sessionId: string,
): Promise<Subject | null> {
  const support = await findSupportSession(knex, sessionId);
  const relation = relationToSupport(principal, support);
  if (support !== null && relation !== 'none') {
    const { patientId } = support;
    return { personId: patientId, shownId: idFor(support, patientId, relation)!, sessionId };
  }
  const session = await findSession(knex, sessionId);
  if (session?.client_id == null || relationTo(principal, session) === 'none') return null;
  return { personId: session.client_id, shownId: session.client_id, sessionId: null };
}
