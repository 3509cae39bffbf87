import { auditRead } from '../../../db/audit/record.ts';
import { bandsOfVersions, questionnaireTypes } from '../../../db/questionnaires.ts';
import { type ClosedMonth, closeMonths, closedMonths } from '../../../db/screening-months.ts';
import { typeNamed } from '../../../domain/screening/instruments/index.ts';
import { endOfWholeMonths, firstWholeMonth } from '../../../domain/screening/months.ts';
import { shownAwaiting } from '../../../domain/screening/shown-awaiting.ts';
import { SMALLEST_GROUP, type ShownGroup } from '../../../domain/screening/shown-groups.ts';
import { completionRate, shownRange } from '../../../domain/screening/shown-months.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { mayRunScreening } from '../../access/screening-access.ts';
import type { Answer, Call, Query } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';

interface AggregateQuery extends Query {
  readonly questionnaireType?: string;
  readonly from?: string;
  readonly to?: string;
}

interface Months {
  readonly from: string | null;
  /** Without it. */
  readonly before: string | null;
}

/** GET /api/results/admin/aggregate */
export async function getScreeningAggregate(call: Call<unknown, AggregateQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const { clinicId } = principal;
  const target = { action: 'screening.aggregate', objectType: 'clinic', objectId: clinicId };
  await enforce(call, mayRunScreening(principal), target);
  const { questionnaireType, from, to } = query;
  const months: Months = {
    from: from === undefined ? null : firstWholeMonth('from', from),
    before: to === undefined ? null : endOfWholeMonths('to', to),
  };
  const types =
    questionnaireType === undefined
      ? await questionnaireTypes(deps.knex, clinicId)
      : [typeNamed(questionnaireType)];
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  const byType: object[] = [];
  for (const type of types) byType.push(await aggregateOf(call, type, months));
  const only = questionnaireType === undefined ? {} : byType[0];
  const shown = { ...only, byType, smallestGroup: SMALLEST_GROUP };
  return inBothShapes(200, { a: shown, b: shown });
}

async function aggregateOf(call: Call, type: string, months: Months): Promise<object> {
  const { deps, principal } = call;
  const { clinicId } = principal;
  const versions = await bandsOfVersions(deps.knex, clinicId, type);
  await closeMonths(deps.knex, { clinicId, type }, versions);
  const closed = await closedMonths(deps.knex, { clinicId, type, ...months });
  const shown = closed.flatMap((month) => month.shown ?? []);
  const range = shownRange(shown);
  return {
    questionnaireType: type,
    from: closed[0]?.month ?? null,
    to: closed.at(-1)?.month ?? null,
    participants: range?.people ?? null,
    severityDistribution: distribution(range?.groups ?? [], range?.people ?? 0),
    averageScore: range?.averageScore ?? null,
    averagePercentage: range?.averagePercentage ?? null,
    completionRate: range?.completionRate ?? null,
    flaggedResponses: range?.flagged ?? null,
    flaggedAwaitingReview: awaiting(closed),
    trend: closed.map(monthShape),
  };
}

function monthShape({ month, shown, ...rest }: ClosedMonth): object {
  return {
    month: month.slice(0, 7),
    isShown: shown !== null,
    participants: shown?.people ?? null,
    averageScore: shown?.averageScore ?? null,
    averagePercentage: shown?.averagePercentage ?? null,
    severityDistribution: distribution(shown?.groups ?? [], shown?.people ?? 0),
    completionRate: shown === null ? null : completionRate([shown]),
    flaggedResponses: shown?.flagged ?? null,
    flaggedAwaitingReview: awaiting([{ month, shown, ...rest }]),
  };
}

function distribution(groups: readonly ShownGroup[], all: number): object[] {
  return groups.map(({ severityLevels, people }) => ({
    severityLevels,
    participants: people,
    percentage: Math.round((people / all) * 10_000) / 100,
  }));
}

/** At least so many over the months that show it; null where none does. */
function awaiting(months: readonly ClosedMonth[]): number | null {
  const steps = months.flatMap(({ shown, awaitingReview }) =>
    shown === null ? [] : (shownAwaiting(shown, awaitingReview) ?? []),
  );
  return steps.length === 0 ? null : steps.reduce((all, people) => all + people);
}
