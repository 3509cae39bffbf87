import type { Broadcast } from '../../db/broadcasts.ts';
import { waitingAlert } from '../../db/crisis-alerts.ts';
import { waitingNote } from '../../domain/waiting-note.ts';
import { helpLines } from '../crisis/help-lines.ts';
import { emergencyContacts, immediateResources } from '../crisis/present-help.ts';
import type { Live } from './live.ts';

/**
 * Tells somebody's sockets that nobody has answered yet, with whom to call: as an event of its own,
 * and as a note in the session that their alert came from, for clients that know only messages.
 */
export async function tellWaiting(live: Live, { room, ids }: Broadcast): Promise<void> {
  const alertId = String(ids['alertId']);
  const alert = await waitingAlert(live.deps.crisisKnex, alertId).catch(() => null);
  // Of an alert that nobody can look at, it isn't known whether it may be spoken of.
  if (alert === null || alert.status !== 'paging' || alert.isSilent) return;
  const lines = await helpLines(live.deps, alert.clinicId);
  const message = waitingNote(lines);
  const timestamp = new Date().toISOString();
  const contacts = { emergencyContacts: emergencyContacts(lines) };
  const told = { alertId, message, timestamp, ...contacts, resources: immediateResources(lines) };
  live.io.local.to(room).emit('crisis-waiting', told);
  if (alert.sessionId === null) return;
  live.io.local.to(room).emit('new-message', noteIn(alert.sessionId, alertId, message, timestamp));
}

/** A message that nobody sent: it has no number, and is in no list of the session's. */
function noteIn(
  sessionId: string,
  alertId: string,
  message: string,
  at: string,
): Record<string, unknown> {
  const id = `system-${alertId}-${at}`;
  return {
    id,
    _id: id,
    sessionId,
    sender: { id: null, _id: null, username: 'Holdfast', role: 'system' },
    senderId: null,
    senderRole: 'system',
    content: { text: message, type: 'text' },
    message,
    messageType: 'text',
    messageNumber: null,
    isSystem: true,
    createdAt: at,
    timestamp: at,
  };
}
