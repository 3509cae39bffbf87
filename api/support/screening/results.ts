import { auditRead } from '../../../db/audit/record.ts';
import { findQuestionnaire } from '../../../db/questionnaires.ts';
import { latestResults, listResults } from '../../../db/screening-results.ts';
import type { ScreeningResult } from '../../../db/screening-results.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { typeNamed } from '../../../domain/screening/instruments/index.ts';
import { trendOf } from '../../../domain/screening/trend.ts';
import { readInstant } from '../../../domain/time-text.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforceReading } from '../../access/screening-access.ts';
import type { Answer, Call, Query } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { resultShapes } from './present.ts';

interface ResultsQuery extends Query {
  readonly questionnaireType?: string;
  readonly from?: string;
  readonly to?: string;
  readonly limit?: number;
}

const MOST_RESULTS = 200;

/** GET /api/results/user/{id}/latest */
export async function getLatestResult(call: Call<unknown, ResultsQuery>): Promise<Answer> {
  const personId = call.params['id']!;
  await enforceReading(call, personId);
  const results = await latestResults(call.deps.knex, personId, typeIn(call.query));
  await recordReading(call, personId, results);
  const [latest] = results;
  if (latest === undefined) {
    const message = 'No questionnaire has been completed yet';
    return inBothShapes(200, {
      message,
      a: { result: null, results: [] },
      b: { result: null, results: [] },
    });
  }
  const { a, b } = resultShapes(latest);
  return inBothShapes(200, {
    a: { ...a, result: a, results: results.map((result) => resultShapes(result).a) },
    b: { result: b, results: results.map((result) => resultShapes(result).b) },
  });
}

/** GET /api/results/user/{id} */
export async function listUserResults(call: Call<unknown, ResultsQuery>): Promise<Answer> {
  const personId = call.params['id']!;
  await enforceReading(call, personId);
  const { from, to, limit } = call.query;
  const results = await listResults(call.deps.knex, {
    personId,
    type: typeIn(call.query),
    from: instantIn('from', from),
    to: instantIn('to', to),
    limit: limit ?? MOST_RESULTS,
  });
  await recordReading(call, personId, results);
  const trend = await trends(call, results);
  const shown = results.map(resultShapes);
  const count = results.length;
  return inBothShapes(200, {
    a: { results: shown.map(({ a }) => a), trend, count },
    b: { results: shown.map(({ b }) => b), trend, count },
  });
}

/** One trend of each questionnaire: totals of different ones say nothing about each other. */
async function trends(call: Call, results: readonly ScreeningResult[]): Promise<object[]> {
  const byType = Map.groupBy(results, ({ type }) => type);
  return Promise.all(
    [...byType].map(async ([questionnaireType, ofType]) => {
      const newest = ofType.at(-1)!;
      const questionnaire = await findQuestionnaire(call.deps.knex, newest.questionnaireId);
      // What another version was scored by cannot be set against the newest.
      const comparable = ofType.filter(({ maximum }) => maximum === newest.maximum);
      const points = comparable.map(({ total, completedAt }) => ({
        total,
        atMs: completedAt.getTime(),
      }));
      return { questionnaireType, ...trendOf(questionnaire?.template.reliability ?? null, points) };
    }),
  );
}

function typeIn({ questionnaireType }: ResultsQuery): string | null {
  return questionnaireType === undefined ? null : typeNamed(questionnaireType);
}

/** A date alone is its first instant in UTC. */
function instantIn(field: string, text: string | undefined): Date | null {
  if (text === undefined) return null;
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const read = readInstant(isDate ? `${text}T00:00:00Z` : text);
  if (read.kind === 'read') return new Date(read.instantMs);
  throw new HoldfastError('malformed_request', `${field} must be a date or an instant`, {
    fields: [{ field, message: 'must be a date or an instant, such as 2026-01-31T09:00:00Z' }],
  });
}

async function recordReading(
  call: Call,
  subjectId: string,
  results: readonly ScreeningResult[],
): Promise<void> {
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'screening_result.read',
    objectType: 'person',
    objectId: subjectId,
    subjectId,
    changes: { shown: results.length },
  });
}
