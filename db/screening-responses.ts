import type { Knex } from 'knex';
import type { AlertSeverity } from '../domain/escalation-policy.ts';
import type { AlertPolicy } from '../domain/screening/score.ts';
import type { Draft } from './screening-results.ts';

export type ResponseStatus = 'open' | 'completed' | 'expired';

/** One person's way through one questionnaire. */
export interface ScreeningResponse {
  readonly id: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly questionnaireId: string;
  readonly type: string;
  readonly status: ResponseStatus;
  /** Sealed; null before the first answer. */
  readonly answers: Buffer | null;
  /** The numbers of the questions that have an answer, in order. */
  readonly answered: readonly number[];
  readonly version: number;
  readonly startedAt: Date;
  readonly expiresAt: Date;
  /** By the database's clock, whatever `status` says. */
  readonly isOverdue: boolean;
}

/** A response with what its clinic has decided about totals of this type. */
export interface ResponseToScore extends ScreeningResponse {
  readonly alertPolicy: AlertPolicy | null;
}

const COLUMNS = `r.id, r.clinic_id AS "clinicId", r.person_id AS "personId",
  r.questionnaire_id AS "questionnaireId", r.type, r.status, r.answers, r.answered, r.version,
  r.started_at AS "startedAt", r.expires_at AS "expiresAt", r.expires_at <= now() AS "isOverdue"`;

/** How long an answer may take where a clinic has decided nothing. */
export const DEFAULT_RESPONSE_HOURS = 72;

/**
 * Begins a response, or goes on with the one that is open. One whose time is up is closed first:
 * what it said in danger has been looked after by then, or is now, by whoever sweeps.
 */
export async function openResponse(
  trx: Knex.Transaction,
  wish: {
    readonly id: string;
    readonly clinicId: string;
    readonly personId: string;
    readonly questionnaireId: string;
    readonly type: string;
  },
): Promise<Opened> {
  await trx.raw(
    `UPDATE screening_responses SET status = 'expired'
     WHERE person_id = :personId AND questionnaire_id = :questionnaireId AND status = 'open'
       AND expires_at <= now() AND (danger IS NULL OR danger_raised_at IS NOT NULL)`,
    wish,
  );
  // The open one may be completed, or written down as expired, between the two statements.
  for (;;) {
    const opened = await insertOrFind(trx, wish);
    if (opened !== null) return opened;
  }
}

type Opened = { readonly response: ScreeningResponse; readonly isNew: boolean };

async function insertOrFind(
  trx: Knex.Transaction,
  wish: Parameters<typeof openResponse>[1],
): Promise<Opened | null> {
  const { rowCount } = await trx.raw<{ rowCount: number }>(
    `INSERT INTO screening_responses
       (id, clinic_id, person_id, questionnaire_id, type, expires_at)
     VALUES (:id, :clinicId, :personId, :questionnaireId, :type, now() + make_interval(hours =>
       coalesce((SELECT response_hours FROM screening_policies WHERE clinic_id = :clinicId),
         ${DEFAULT_RESPONSE_HOURS})))
     ON CONFLICT (person_id, questionnaire_id) WHERE status = 'open' DO NOTHING`,
    wish,
  );
  const { rows } = await trx.raw<{ rows: ScreeningResponse[] }>(
    `SELECT ${COLUMNS} FROM screening_responses r
     WHERE person_id = :personId AND questionnaire_id = :questionnaireId AND status = 'open'`,
    wish,
  );
  const [response] = rows;
  return response === undefined ? null : { response, isNew: rowCount === 1 };
}

/** What somebody has begun of a type, in whichever version; the last where there are several. */
export async function findOpenResponse(
  db: Knex,
  personId: string,
  type: string,
): Promise<ScreeningResponse | null> {
  const { rows } = await db.raw<{ rows: ScreeningResponse[] }>(
    `SELECT ${COLUMNS} FROM screening_responses r
     WHERE person_id = ? AND type = ? AND status = 'open' AND expires_at > now()
     ORDER BY started_at DESC LIMIT 1`,
    [personId, type],
  );
  return rows[0] ?? null;
}

/** Nobody else changes it until the transaction ends. */
export async function lockResponse(
  trx: Knex.Transaction,
  id: string,
): Promise<ScreeningResponse | null> {
  const { rows } = await trx.raw<{ rows: ScreeningResponse[] }>(
    `SELECT ${COLUMNS} FROM screening_responses r WHERE id = ? FOR UPDATE`,
    [id],
  );
  return rows[0] ?? null;
}

export async function responseToScore(db: Knex, id: string): Promise<ResponseToScore | null> {
  const { rows } = await db.raw<{ rows: ResponseToScore[] }>(
    `SELECT ${COLUMNS}, p.alerts->r.type AS "alertPolicy" FROM screening_responses r
     LEFT JOIN screening_policies p ON p.clinic_id = r.clinic_id
     WHERE r.id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

/** Writes the answers of a locked response, and what they come to by themselves. */
export async function writeAnswers(
  trx: Knex.Transaction,
  id: string,
  change: {
    readonly answers: Buffer;
    readonly answered: readonly number[];
    /** The gravest that one of them says by itself. */
    readonly danger: AlertSeverity | null;
    /**
     * Whether a human is called for it in this transaction; or else whether there is something in
     * it for which none was called, whatever was said and looked after before.
     */
    readonly dangerIs: 'called_for' | 'new' | 'known';
    /** See `draftOf`. */
    readonly draft: Draft | null;
  },
): Promise<void> {
  await trx.raw(
    `UPDATE screening_responses SET answers = :answers, answered = :answered, danger = :danger,
       danger_raised_at = CASE :dangerIs WHEN 'called_for' THEN now()
         WHEN 'known' THEN danger_raised_at END,
       draft = :draft::jsonb, version = version + 1, updated_at = now()
     WHERE id = :id`,
    {
      ...change,
      answered: [...change.answered],
      draft: change.draft === null ? null : JSON.stringify(change.draft),
      id,
    },
  );
}
