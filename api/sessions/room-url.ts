import type { SessionRow } from '../../db/sessions.ts';

/** Where a session's room is; null where it has none, or none yet: it exists from the confirmation on. */
export function roomUrlOf(
  session: Pick<SessionRow, 'id' | 'plan' | 'format' | 'status'>,
  publicUrl: string,
): string | null {
  const hasRoom = session.plan.room !== null && session.format !== 'in_person';
  const isSet = session.status === 'confirmed' || session.status === 'in_progress';
  return hasRoom && isSet ? `${publicUrl}/room/${session.id}` : null;
}
