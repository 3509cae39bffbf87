import type { SupportEscalation } from '../../../db/support-escalations.ts';
import type { ApiDeps } from '../../context.ts';
import { conversationRef } from './texts.ts';

export interface EscalationTexts {
  readonly reason: string | null;
  readonly notes: string | null;
}

export function escalationRef(sessionId: string, escalationId: string) {
  return conversationRef(sessionId, 'escalation', escalationId);
}

/** What was said with some escalations, in their order. */
export async function openEscalationTexts(
  { cipher, knex }: Pick<ApiDeps, 'cipher' | 'knex'>,
  escalations: readonly SupportEscalation[],
): Promise<EscalationTexts[]> {
  const sealed = escalations.flatMap(({ id, sessionId, details }) =>
    details === null ? [] : [{ ref: escalationRef(sessionId, id), sealed: details }],
  );
  const opened = sealed.length === 0 ? [] : await cipher.openFields(knex, sealed);
  let at = 0;
  return escalations.map(({ details }) =>
    details === null
      ? { reason: null, notes: null }
      : (JSON.parse(opened[at++]!) as EscalationTexts),
  );
}
