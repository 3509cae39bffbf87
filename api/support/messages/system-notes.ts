import { toldInSession } from '../../../db/crisis-alerts.ts';
import type { SupportSession } from '../../../db/support-sessions.ts';
import { waitingNote } from '../../../domain/waiting-note.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import type { ApiDeps } from '../../context.ts';

export interface SystemNote {
  readonly message: string;
  readonly createdAt: string;
}

/**
 * What the product has said in a session by itself: that nobody has answered an alert yet, each time
 * that it said so, with whom to call as the clinic's list has it now. For the patient alone.
 */
export async function systemNotes(
  deps: ApiDeps,
  { id, patientId, clinicId, hasOpenAlert }: SupportSession,
  readerId: string,
): Promise<SystemNote[]> {
  if (readerId !== patientId || !hasOpenAlert) return [];
  const told = await toldInSession(deps.knex, id);
  if (told.length === 0) return [];
  const message = waitingNote(await helpLines(deps, clinicId));
  return told.map((at) => ({ message, createdAt: at.toISOString() }));
}
