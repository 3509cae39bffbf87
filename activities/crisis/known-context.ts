import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { readEscalationContext } from '../../db/on-call.ts';
import { type EscalationContext, pagingOthers } from '../../domain/escalation.ts';
import type { KnownContext } from './contract.ts';

/** Shifts are expanded so far ahead: an outage of the database may last. */
const HORIZON_MS = 12 * 3_600_000;

/** Who can be paged for a clinic's alerts, as it is now. */
export async function readKnownContext(db: Knex, clinicId: string): Promise<KnownContext> {
  const context = await readEscalationContext(db, clinicId, Date.now(), HORIZON_MS);
  return digested(context);
}

/** Whom an alert of somebody's can page. */
export function knownFor({ context }: KnownContext, personId: string): KnownContext {
  return digested(pagingOthers(context, personId));
}

function digested(context: EscalationContext): KnownContext {
  const digest = createHash('sha256').update(JSON.stringify(context)).digest('base64url');
  return { digest, context };
}
