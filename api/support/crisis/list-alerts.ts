import { listAlerts } from '../../../db/crisis-alerts.ts';
import type { AlertFilter, ListedAlert } from '../../../db/crisis-alerts.ts';
import { alertStatistics } from '../../../db/crisis-statistics.ts';
import { auditRead } from '../../../db/audit/record.ts';
import { parseInstant } from '../../../domain/time-text.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { mayListAlerts } from '../../access/crisis-access.ts';
import { openNotes, openReports } from '../../crisis/open-words.ts';
import type { NoteWords } from '../../crisis/open-words.ts';
import type { ReportWords } from '../../crisis/report-words.ts';
import { presentRoomCall, roomCallsOf } from '../../crisis/room-calls.ts';
import { idIn } from '../../crisis/read-body.ts';
import type { Answer, Call, Query } from '../../http/handler.ts';
import { inBothShapes, iso, pagingInB, readUrgency } from '../dialect.ts';
import { statesOf, statusWord } from './alert-words.ts';
import type { StatusFilter } from './alert-words.ts';

interface AlertsQuery extends Query {
  readonly status?: StatusFilter;
  readonly severity?: string;
  readonly assignedTo?: string;
  readonly userId?: string;
  readonly dateFrom?: string;
  readonly dateTo?: string;
  readonly limit: number;
  readonly page: number;
}

/** An id that can't be anybody's finds nothing. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** GET /api/crisis */
export async function listCrisisAlerts(call: Call<unknown, AlertsQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { clinicId } = principal;
  const target = { action: 'alert.list', objectType: 'alert', objectId: null };
  await enforce(call, mayListAlerts(principal), target);
  const [{ alerts, total }, statistics] = await Promise.all([
    listAlerts(deps.knex, filterOf(call)),
    alertStatistics(deps.knex, clinicId),
  ]);
  const changes = { shown: alerts.length };
  await auditRead(deps.knex, auditContext(principal, requestId), { ...target, changes });
  const [reports, notes, calls] = await Promise.all([
    openReports(deps, alerts),
    openNotes(deps, alerts),
    roomCallsOf(
      deps,
      alerts.map(({ id }) => id),
    ),
  ]);
  const fromRoom = ({ id }: ListedAlert): object => ({ fromRoom: presentRoomCall(calls.get(id)) });
  const paging = { page: query.page, limit: query.limit, total, count: alerts.length };
  return inBothShapes(200, {
    a: {
      alerts: alerts.map((alert, at) => ({ ...inA(alert, reports[at]!), ...fromRoom(alert) })),
      count: alerts.length,
    },
    b: {
      alerts: alerts.map((alert, at) => ({
        ...inB(alert, reports[at]!, notes[at]!),
        ...fromRoom(alert),
      })),
      pagination: pagingInB(paging, 'totalAlerts'),
      summary: {
        active: statistics.active,
        resolved: statistics.resolved,
        critical: statistics.openCritical,
        averageResponseTime: statistics.averageResponseSeconds,
      },
    },
  });
}

function filterOf({ principal, query }: Call<unknown, AlertsQuery>): AlertFilter {
  const { status, severity, assignedTo, userId, dateFrom, dateTo, limit, page } = query;
  const instant = (text: string | undefined): Date | null =>
    text === undefined ? null : new Date(parseInstant(text, 'UTC'));
  return {
    clinicId: principal.clinicId,
    statuses: status === undefined ? null : statesOf(status),
    isEscalated: status === 'escalated',
    severity: readUrgency(severity),
    holderId: assignedTo === undefined ? null : (idIn(assignedTo) ?? NOBODY),
    personId: userId === undefined ? null : (idIn(userId) ?? NOBODY),
    from: instant(dateFrom),
    to: instant(dateTo),
    limit,
    offset: (page - 1) * limit,
  };
}

function inA(alert: ListedAlert, { description, triggerText }: ReportWords): object {
  const { id, personId, username, email, severity, status, createdAt, holderId } = alert;
  return {
    id,
    user: { id: personId, username, email },
    severity,
    status: statusWord(status),
    description: description ?? triggerText ?? '',
    createdAt: iso(createdAt),
    assignedCounselor: holderId === null ? null : { id: holderId, name: alert.holderName ?? '' },
  };
}

function inB(
  alert: ListedAlert,
  { description, triggerText }: ReportWords,
  { resolution }: NoteWords,
): object {
  const { holderId, holderName, sessionId, session } = alert;
  return {
    _id: alert.id,
    user: {
      _id: alert.personId,
      username: alert.username,
      profile: { firstName: alert.firstName, age: alert.age },
    },
    session: session === null ? null : { _id: sessionId, status: sessionStatus(session.status) },
    severity: alert.severity,
    type: alert.type,
    status: statusWord(alert.status),
    description: description ?? triggerText ?? '',
    createdAt: iso(alert.createdAt),
    assignedCounselor:
      holderId === null ? null : { _id: holderId, profile: { firstName: holderName ?? '' } },
    responseTime: responseSeconds(alert),
    resolution: resolution ?? null,
    alertNumber: alert.number,
    riskLevel: alert.severity,
    followUpRequired: alert.followUpRequired ?? alert.status !== 'resolved',
  };
}

function sessionStatus(status: string): string {
  return status === 'cancelled' ? 'closed' : status;
}

/** From the creation to the first acknowledgement, in seconds; null until then. */
export function responseSeconds({
  createdAt,
  acknowledgedAt,
}: Pick<ListedAlert, 'createdAt' | 'acknowledgedAt'>): number | null {
  if (acknowledgedAt === null) return null;
  return Math.round((acknowledgedAt.getTime() - createdAt.getTime()) / 1_000);
}
