import { auditRead } from '../../db/audit/record.ts';
import {
  type SeriesRow,
  type SeriesStatus,
  findSeries,
  listSeries as listInDatabase,
} from '../../db/models/series.ts';
import { viewOccurrences } from '../../db/series.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayEditSeries, relationToSeries } from '../access/series-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { answerSeries } from '../series/answer.ts';
import { type SeriesBody, createSeries as create } from '../series/create.ts';
import { type SeriesEditBody, readEdit } from '../series/edit-wish.ts';
import { type Edited, editSeries } from '../series/edit.ts';
import { presentSeries } from '../series/present.ts';
import { type PageQuery, pageOf, readCursor } from './paging.ts';

interface SeriesQuery extends PageQuery {
  readonly therapistId?: string;
  readonly clientId?: string;
  readonly status?: SeriesStatus;
}

/** GET /api/v1/series */
export async function listSeries(call: Call<unknown, SeriesQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const { role, personId, clinicId } = principal;
  const isClinic = role === 'staff' || role === 'admin';
  const isTherapist = role === 'counselor';
  const rows = await listInDatabase(deps.knex, {
    clinicId,
    therapistId: isTherapist ? personId : (query.therapistId ?? null),
    clientId: isClinic || isTherapist ? (query.clientId ?? null) : personId,
    status: query.status ?? null,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  const ids = rows.slice(0, query.limit).map(({ id }) => id);
  const occurrences = await viewOccurrences(deps.knex, ids);
  await auditRead(deps.knex, auditContext(principal, call.requestId), {
    action: 'series.list',
    objectType: 'series',
    objectId: null,
    subjectId: isClinic || isTherapist ? (query.clientId ?? null) : personId,
  });
  const body = pageOf(rows, query.limit, (row: SeriesRow) => presentSeries(row, occurrences));
  return { status: 200, body };
}

/** POST /api/v1/series */
export async function createSeries(call: Call<SeriesBody>): Promise<Answer> {
  const series = await create(call);
  const occurrences = await viewOccurrences(call.deps.knex, [series.id]);
  return { status: 201, body: presentSeries(series, occurrences) };
}

/** PATCH /api/v1/series/{id} */
export async function editSeriesOccurrences(call: Call<SeriesEditBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const id = call.params['id']!;
  const series = await findSeries(deps.knex, id);
  const relation = relationToSeries(principal, series);
  const act = body.answer === undefined ? 'edit' : 'answer';
  const target = { action: `series.${act}`, objectType: 'series', objectId: id };
  await enforce(call, mayEditSeries(relation, act), target);
  const wish = readEdit(body);
  if (wish.kind === 'answer') {
    await answerSeries(call, series!, wish.answer);
    return shown(call, { seriesId: id, outcomes: [] });
  }
  const party = relation === 'client' || relation === 'therapist' ? relation : 'staff';
  const actor = { personId: principal.personId, party } as const;
  return shown(call, await editSeries(call, series!, wish, actor));
}

async function shown({ deps }: Call, { seriesId, outcomes }: Edited): Promise<Answer> {
  const series = (await findSeries(deps.knex, seriesId))!;
  const occurrences = await viewOccurrences(deps.knex, [seriesId]);
  const notDone = outcomes.flatMap(({ sessionId, outcome }) =>
    outcome.kind === 'refused' ? [{ sessionId, code: outcome.code }] : [],
  );
  return { status: 200, body: { ...presentSeries(series, occurrences), notChanged: notDone } };
}
