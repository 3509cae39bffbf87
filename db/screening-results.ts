import type { Knex } from 'knex';
import type { Score } from '../domain/screening/score.ts';
import type { AuditInsert } from './audit/entry.ts';
import { WITH_PREPARED } from './session-preparations.ts';

export type ReviewState = 'none' | 'awaited' | 'done';

export interface ScreeningResult {
  readonly id: string;
  readonly responseId: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly questionnaireId: string;
  readonly type: string;
  readonly total: number;
  readonly maximum: number;
  readonly percentage: number;
  readonly severity: string;
  readonly methods: Score['methods'];
  readonly categories: Score['categories'];
  readonly flags: Score['flags'];
  readonly alertId: string | null;
  readonly review: ReviewState;
  readonly decision: string | null;
  /** Sealed. */
  readonly reviewNotes: Buffer | null;
  readonly reviewedBy: string | null;
  readonly reviewedAt: Date | null;
  readonly completedAt: Date;
}

const COLUMNS = `id, response_id AS "responseId", clinic_id AS "clinicId", person_id AS "personId",
  questionnaire_id AS "questionnaireId", type, total, maximum, percentage, severity, methods,
  categories, flags, alert_id AS "alertId", review, decision, review_notes AS "reviewNotes",
  reviewed_by AS "reviewedBy", reviewed_at AS "reviewedAt", completed_at AS "completedAt"`;

/**
 * The result and the end of its response in one statement: whoever comes second, or with answers
 * that were replaced meanwhile, writes nothing.
 */
const completing = (given: string, told = ''): string => `
  WITH given AS (${given}),
  done AS (
    UPDATE screening_responses SET status = 'completed', completed_at = now(), danger = NULL,
      draft = NULL, version = screening_responses.version + 1
    FROM given
    WHERE id = (result->>'responseId')::uuid AND status = 'open' AND expires_at > now()
      AND version = (result->>'version')::int
    RETURNING id, clinic_id, person_id, questionnaire_id, type, completed_at),
  scored AS (
    INSERT INTO screening_results (id, response_id, clinic_id, person_id, questionnaire_id, type,
      total, maximum, percentage, severity, methods, categories, flags, is_flagged,
      is_flagged_by_total, alert_id, review, completed_at)
    SELECT (result->>'id')::uuid, done.id, clinic_id, person_id, questionnaire_id, type,
      (result->>'total')::int, (result->>'maximum')::int, (result->>'percentage')::real,
      result->>'severity', (result->'methods')::jsonb, (result->'categories')::jsonb,
      (result->'flags')::jsonb, (result->>'isFlagged')::boolean,
      (result->>'isFlaggedByTotal')::boolean, (result->>'alertId')::uuid,
      CASE WHEN (result->>'isFlagged')::boolean THEN 'awaited' ELSE 'none' END, completed_at
    FROM done, given RETURNING completed_at),
  ${WITH_PREPARED},
  audited AS (
    INSERT INTO audit_entries (clinic_id, actor_id, actor_role, action, object_type, object_id,
      subject_id, outcome, request_id, changes)
    SELECT entry.clinic_id, actor_id, actor_role, action, object_type, object_id, subject_id,
      outcome, request_id, changes
    FROM done, json_to_recordset(?::json) AS entry (clinic_id uuid, actor_id uuid, actor_role text,
      action text, object_type text, object_id text, subject_id uuid, outcome text,
      request_id text, changes jsonb))
  SELECT scored.completed_at AS "completedAt"${told} FROM scored, done, given`;

const COMPLETE = completing('SELECT ?::json AS result');

const COMPLETE_DRAFT = completing(
  `SELECT ?::jsonb || draft || jsonb_build_object('responseId', id, 'version', version) AS result
   FROM screening_responses
   WHERE id = ? AND person_id = ? AND status = 'open' AND draft IS NOT NULL FOR UPDATE`,
  ', questionnaire_id AS "questionnaireId", result AS draft',
);

export interface NewResult {
  readonly id: string;
  readonly responseId: string;
  /** Of the response, when its answers were read. */
  readonly version: number;
  readonly score: Score;
  readonly alertId: string | null;
}

/** A result as it will be written, but for its id. */
export interface Draft extends Score {
  readonly isFlagged: boolean;
  readonly isFlaggedByTotal: boolean;
}

/**
 * What whole answers come to where nobody has to look at it, so that completing has nothing left to
 * find out. Null for a flagged one: who is called is decided when it is completed.
 */
export function draftOf(score: Score): Draft | null {
  return score.flags.length === 0 ? asWritten(score) : null;
}

function asWritten(score: Score): Draft {
  const { flags } = score;
  const isFlaggedByTotal = flags.some(({ isOfTotal }) => isOfTotal);
  return { ...score, isFlagged: flags.length > 0, isFlaggedByTotal };
}

export interface CompletedDraft {
  readonly completedAt: Date;
  readonly questionnaireId: string;
  readonly draft: Draft;
}

/** Completes somebody's response by its draft; null where there is none, whatever the reason. */
export async function completeDraft(
  db: Knex,
  { id, responseId, personId }: Readonly<Record<'id' | 'responseId' | 'personId', string>>,
  audit: readonly AuditInsert[],
): Promise<CompletedDraft | null> {
  const { rows } = await db.raw<{ rows: CompletedDraft[] }>(COMPLETE_DRAFT, [
    JSON.stringify({ id }),
    responseId,
    personId,
    JSON.stringify(audit),
  ]);
  return rows[0] ?? null;
}

/** When it was completed; null where somebody else was faster, or its time is up. */
export async function completeResponse(
  db: Knex,
  { id, responseId, version, score, alertId }: NewResult,
  audit: readonly AuditInsert[] = [],
): Promise<Date | null> {
  const { rows } = await db.raw<{ rows: { completedAt: Date }[] }>(COMPLETE, [
    JSON.stringify({ ...asWritten(score), id, responseId, version, alertId }),
    JSON.stringify(audit),
  ]);
  return rows[0]?.completedAt ?? null;
}

/** The newest result of each type, or of one; the newest first. */
export async function latestResults(
  db: Knex,
  personId: string,
  type: string | null,
): Promise<ScreeningResult[]> {
  const { rows } = await db.raw<{ rows: ScreeningResult[] }>(
    `SELECT * FROM (
       SELECT DISTINCT ON (type) ${COLUMNS} FROM screening_results
       WHERE person_id = :personId AND (:type::text IS NULL OR type = :type)
       ORDER BY type, completed_at DESC, id DESC) latest
     ORDER BY "completedAt" DESC, id DESC`,
    { personId, type },
  );
  return rows;
}

export interface HistoryFilter {
  readonly personId: string;
  readonly type: string | null;
  readonly from: Date | null;
  /** Exclusive. */
  readonly to: Date | null;
  readonly limit: number;
}

/** The newest results within the limit, in the order in which they came. */
export async function listResults(db: Knex, filter: HistoryFilter): Promise<ScreeningResult[]> {
  const { rows } = await db.raw<{ rows: ScreeningResult[] }>(
    `SELECT ${COLUMNS} FROM screening_results
     WHERE person_id = :personId AND (:type::text IS NULL OR type = :type)
       AND (:from::timestamptz IS NULL OR completed_at >= :from)
       AND (:to::timestamptz IS NULL OR completed_at < :to)
     ORDER BY completed_at DESC, id DESC LIMIT :limit`,
    { ...filter },
  );
  return rows.toReversed();
}

export async function findResult(db: Knex, id: string): Promise<ScreeningResult | null> {
  const { rows } = await db.raw<{ rows: ScreeningResult[] }>(
    `SELECT ${COLUMNS} FROM screening_results WHERE id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

/** Of flagged results, those that somebody has looked at, or nobody yet. */
export type ReviewFilter = 'awaiting' | 'reviewed' | 'all';

const REVIEWED: Readonly<Record<ReviewFilter, string>> = {
  awaiting: "review = 'awaited'",
  reviewed: "review = 'done'",
  all: "review <> 'none'",
};

/** Flagged results, the oldest first. */
export async function flaggedResults(
  db: Knex,
  page: {
    readonly clinicId: string;
    readonly state: ReviewFilter;
    readonly after: string | null;
    readonly limit: number;
  },
): Promise<ScreeningResult[]> {
  const { rows } = await db.raw<{ rows: ScreeningResult[] }>(
    `SELECT ${COLUMNS} FROM screening_results
     WHERE clinic_id = :clinicId AND ${REVIEWED[page.state]}
       AND (:after::uuid IS NULL OR (completed_at, id) >
         (SELECT completed_at, id FROM screening_results WHERE id = :after))
     ORDER BY completed_at, id LIMIT :limit`,
    { ...page },
  );
  return rows;
}

/** False where somebody else has reviewed it first. */
export async function recordReview(
  trx: Knex.Transaction,
  review: {
    readonly id: string;
    readonly decision: string;
    readonly notes: Buffer | null;
    readonly reviewedBy: string;
  },
): Promise<boolean> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `UPDATE screening_results SET review = 'done', decision = :decision, review_notes = :notes,
       reviewed_by = :reviewedBy, reviewed_at = now()
     WHERE id = :id AND review = 'awaited'`,
    { ...review },
  );
  return rowCount === 1;
}
