import { openOccurrences } from '../../activities/series/opening.ts';
import { type BatchOutcome, bookTogether } from '../../db/batch-bookings.ts';
import { type SeriesRow, findSeries, insertSeries } from '../../db/models/series.ts';
import { insertOccurrences, noteSeries } from '../../db/series.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { answerDueAt } from '../../domain/plan.ts';
import type { SeriesTemplate } from '../../domain/series.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayCreateSeries } from '../access/series-access.ts';
import type { Call } from '../http/handler.ts';
import {
  type Calendars,
  type RefusedPlace,
  judgePlaces,
  loadCalendars,
  refuseAll,
  refusedPlace,
} from './availability.ts';
import { type ComposedOccurrence, composeOccurrences } from './compose.ts';
import {
  type TemplateWish,
  malformed,
  readTemplate,
  requirePlaces,
  templateColumns,
} from './template.ts';

export interface SeriesBody extends TemplateWish {
  readonly therapistId?: string;
  readonly clientId?: string;
  readonly sessionType: string;
  readonly format: SessionFormat;
  readonly ignoreAvailability?: boolean;
}

interface SeriesWish {
  readonly body: SeriesBody;
  readonly therapistId: string;
  readonly clientId: string;
  readonly template: SeriesTemplate;
  readonly byClient: boolean;
}

/**
 * Makes a series: all of its times are claimed at once, or none. What a client asks for waits for
 * the therapist's one answer. The same request, retried with its key, gives the same series.
 */
export async function createSeries(call: Call<SeriesBody>): Promise<SeriesRow> {
  const { deps, newId } = call;
  const wish = await readWish(call);
  const known = await findSeries(deps.knex, newId);
  if (known !== null) return known;
  const places = requirePlaces(wish.template);
  const now = Date.now();
  const stretch = { startMs: places[0]!.startMs, endMs: places.at(-1)!.endMs };
  const parties = { ...wish, sessionType: wish.body.sessionType };
  const calendars = await loadCalendars(call, parties, stretch);
  assertOffered(wish, calendars);
  const ignoresAvailability = wish.body.ignoreAvailability === true;
  const judging = { calendars, now, own: [], ignoresAvailability, byClient: wish.byClient };
  const refused = judgePlaces(places, judging);
  if (refused.length > 0) throw refuseAll(refused);
  const series = rowOf(call, wish, calendars, places[0]!.startMs, now);
  const occurrences = composeOccurrences(commonOf(series), calendars, places, now);
  const outcome = await book(call, wish, series, occurrences);
  if (outcome.kind === 'refused') throw refuseAll(named(outcome, occurrences));
  await openOccurrences(deps, newId).catch((error: unknown) => {
    // They stand; the next run opens them.
    call.log.warn({ error: error instanceof Error ? error.name : 'unknown' }, 'not opened yet');
  });
  return (await findSeries(deps.knex, newId))!;
}

async function readWish(call: Call<SeriesBody>): Promise<SeriesWish> {
  const { body, principal, newId } = call;
  const { role, personId } = principal;
  const therapistId = body.therapistId ?? (role === 'counselor' ? personId : '');
  const clientId = body.clientId ?? (role === 'patient' ? personId : '');
  const target = { action: 'series.create', objectType: 'series', objectId: newId };
  await enforce(call, mayCreateSeries(principal, { therapistId, clientId }), target);
  const faults = Object.entries({ therapistId, clientId })
    .filter(([, id]) => !isUuid(id))
    .map(([field]) => ({ field, message: 'is required' }));
  if (faults.length > 0) throw malformed(faults);
  const byClient = role === 'patient';
  if (byClient && body.ignoreAvailability === true) {
    throw malformed([{ field: 'ignoreAvailability', message: 'is for therapists and staff' }]);
  }
  return { body, therapistId, clientId, template: readTemplate(body, null), byClient };
}

/** What the therapist rules out before any time is looked at. */
function assertOffered(wish: SeriesWish, { therapist: { therapist }, client }: Calendars): void {
  const { body, template } = wish;
  if (!client.hasRelationship) {
    throw new HoldfastError('relationship_required', 'They do not work with each other.');
  }
  if (wish.byClient && !therapist.acceptsClients) {
    throw new HoldfastError('therapist_unavailable', 'The therapist takes no new bookings.');
  }
  assertOneOf('sessionType', therapist.sessionTypes, body.sessionType);
  assertOneOf('format', therapist.sessionFormats, body.format);
  if (wish.byClient) {
    assertOneOf('durationMinutes', therapist.durationsMinutes, template.durationMinutes);
  }
}

function assertOneOf<T>(field: string, offered: readonly T[], wanted: T): void {
  if (offered.includes(wanted)) return;
  throw new HoldfastError('refused_by_rule', `The therapist does not offer this ${field}.`, {
    fields: [{ field, message: `must be one of: ${offered.join(', ')}` }],
  });
}

function rowOf(
  { newId, principal }: Call,
  wish: SeriesWish,
  { therapist: { therapist, plan } }: Calendars,
  firstStartMs: number,
  now: number,
): SeriesRow {
  const needsApproval = plan.approval.by === 'therapist' && !therapist.acceptsAutomatically;
  const isAsked = wish.byClient && needsApproval;
  return {
    id: newId,
    root_id: newId,
    previous_id: null,
    clinic_id: principal.clinicId,
    therapist_id: wish.therapistId,
    client_id: wish.clientId,
    session_type: wish.body.sessionType,
    format: wish.body.format,
    ...templateColumns(wish.template),
    status: isAsked ? 'requested' : 'active',
    approval: isAsked ? 'awaited' : needsApproval ? 'given' : 'not_needed',
    answer_due_at: isAsked ? new Date(answerDueAt(plan, now, firstStartMs)) : null,
    ignores_availability: wish.body.ignoreAvailability === true,
    version: 1,
    created_by: principal.personId,
    created_at: new Date(now),
    updated_at: new Date(now),
  };
}

/** What every occurrence takes over from its series. */
export function commonOf(series: SeriesRow): Parameters<typeof composeOccurrences>[0] {
  return {
    clinicId: series.clinic_id,
    therapistId: series.therapist_id,
    clientId: series.client_id,
    sessionType: series.session_type,
    format: series.format,
    timeZone: series.time_zone,
    durationMinutes: series.duration_minutes,
    approval: series.approval,
    answerDueAt: series.answer_due_at?.getTime() ?? null,
    createdBy: series.created_by,
  };
}

function book(
  call: Call,
  { byClient }: SeriesWish,
  series: SeriesRow,
  occurrences: readonly ComposedOccurrence[],
): Promise<BatchOutcome> {
  return bookTogether(call.deps.knex, auditContext(call.principal, call.requestId), {
    sessions: occurrences.map(({ session }) => session),
    isLimited: byClient,
    alongside: async (trx, audit) => {
      await insertSeries(trx, series);
      const places = occurrences.map(({ session, place }) => ({
        sessionId: session.id,
        place,
      }));
      await insertOccurrences(trx, series.id, places);
      await noteSeries(trx, series.id, series.status === 'requested' ? 'requested' : 'booked', 1);
      audit({
        action: 'series.create',
        objectType: 'series',
        objectId: series.id,
        subjectId: series.client_id,
        changes: { status: series.status, occurrences: occurrences.length },
      });
    },
  });
}

function named(
  { refused }: Extract<BatchOutcome, { kind: 'refused' }>,
  occurrences: readonly ComposedOccurrence[],
): RefusedPlace[] {
  return refused.map(({ sessionId, code }) => {
    const { place } = occurrences.find(({ session }) => session.id === sessionId)!;
    return refusedPlace(place, code);
  });
}
