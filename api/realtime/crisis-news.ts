import { auditRead } from '../../db/audit/record.ts';
import { findAlertNews } from '../../db/alert-news.ts';
import type { AlertNewsRow } from '../../db/alert-news.ts';
import type { Broadcast } from '../../db/broadcasts.ts';
import { triggerTextRef } from '../../db/crisis-carrying.ts';
import { auditContext } from '../access/audit-context.ts';
import { readWords } from '../crisis/report-words.ts';
import type { ReportWords } from '../crisis/report-words.ts';
import { presentRoomCall, roomCallsOf } from '../crisis/room-calls.ts';
import { estimatedResponseSeconds } from '../crisis/response-time.ts';
import { safely } from '../http/error-handler.ts';
import type { Live } from './live.ts';

/** Tells the crisis team's sockets in this process of a report, read once for all of them. */
export async function tellCrisisTeam(live: Live, { room, ids }: Broadcast): Promise<void> {
  live.deps.load.helpIsCalled();
  if (live.io.of('/').adapter.rooms.has(room) === false) return;
  const [alertId, triggerId] = [String(ids['alertId']), ids['triggerId']];
  let [shown, ownId]: [Record<string, unknown>, string | null] = [{ alertId }, null];
  try {
    const report = typeof triggerId === 'string' ? triggerId : null;
    const row = await findAlertNews(live.deps.crisisKnex, alertId, report);
    if (row !== null) {
      // Others may be looking at the screen of whoever has called for help. A drill is nobody's own.
      ownId = row.isDrill ? null : row.personId;
      shown = await shownAlert(live, room, row);
    }
  } catch (error) {
    // Better a bare alert than none.
    live.deps.log.error({ alertId, error: safely(error) }, 'an alert is shown without its words');
    shown = { ...ids, alertId };
  }
  const audience = live.io.local.to(room);
  (ownId === null ? audience : audience.except(`person:${ownId}`)).emit('crisis-alert', shown);
}

async function shownAlert(
  live: Live,
  room: string,
  row: AlertNewsRow,
): Promise<Record<string, unknown>> {
  const { alertId } = row;
  const words = await wordsOf(live, row);
  const fromRoom = (await roomCallsOf(live.deps, [alertId])).get(alertId);
  await auditShowing(live, room, row, fromRoom?.client?.id ?? null);
  const { severity, type, number, personId, sessionId, status, createdAt } = row;
  const estimatedResponseTime = await estimatedResponseSeconds(live.deps, row.clinicId, severity);
  const alert = {
    alertId,
    userId: personId,
    sessionId,
    severity,
    type,
    description: words.description ?? words.triggerText ?? null,
    createdAt: createdAt.toISOString(),
    location: words.place ?? null,
    estimatedResponseTime,
    fromRoom: presentRoomCall(fromRoom),
  };
  const more = { id: alertId, _id: alertId, alertNumber: number, status, isDrill: row.isDrill };
  return { ...alert, alert: { ...more, ...alert } };
}

async function wordsOf({ deps }: Live, row: AlertNewsRow): Promise<ReportWords> {
  const { alertId, triggerId, details } = row;
  if (triggerId === null || details === null) return { description: null };
  const ref = triggerTextRef({ alertId, triggerId });
  return readWords(await deps.cipher.openField(deps.crisisKnex, ref, details));
}

/** Whoever is shown somebody's words is on record. */
async function auditShowing(
  { deps, connections, io }: Live,
  room: string,
  row: AlertNewsRow,
  clientId: string | null,
): Promise<void> {
  const { alertId: objectId, personId, isDrill } = row;
  const socketIds = io.of('/').adapter.rooms.get(room) ?? new Set();
  const shownTo = new Map(
    [...socketIds].flatMap((id) => {
      const principal = connections.get(id)?.holder?.principal;
      const isShown = principal !== undefined && (isDrill || principal.personId !== personId);
      return !isShown ? [] : [[principal.personId, { principal, id }] as const];
    }),
  );
  const subjects = new Set([personId, clientId ?? personId]);
  for (const { principal, id } of shownTo.values()) {
    for (const subjectId of subjects) {
      await auditRead(deps.crisisKnex, auditContext(principal, id), {
        action: 'alert.show',
        objectType: 'alert',
        objectId,
        subjectId,
      });
    }
  }
}
