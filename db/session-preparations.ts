import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import { ENDED_STATUSES } from '../domain/session.ts';
import type { SessionRow } from './sessions.ts';

export type PreparationPurpose = 'preparation' | 'follow_up';

/** One thing that a client reads or fills in around a session. */
export interface Preparation {
  readonly id: string;
  readonly sessionId: string;
  readonly clinicId: string;
  readonly personId: string;
  readonly therapistId: string;
  readonly purpose: PreparationPurpose;
  readonly title: string;
  readonly questionnaireType: string | null;
  readonly materialId: string | null;
  /** It moves with the session. */
  readonly dueAt: Date;
  readonly completedAt: Date | null;
}

const DUE_AT = `CASE p.purpose
    WHEN 'preparation' THEN s.starts_at - p.due_offset_ms * interval '1 millisecond'
    ELSE s.ends_at + p.due_offset_ms * interval '1 millisecond' END`;
const COLUMNS = `p.id, p.session_id AS "sessionId", p.clinic_id AS "clinicId",
  p.person_id AS "personId", s.therapist_id AS "therapistId", p.purpose, p.title,
  p.questionnaire_type AS "questionnaireType", p.material_id AS "materialId",
  ${DUE_AT} AS "dueAt", p.completed_at AS "completedAt"`;
const FROM = 'session_preparations p JOIN sessions s ON s.id = p.session_id';

interface Asked {
  readonly id: string;
  readonly questionnaireType: string | null;
  readonly materialId: string | null;
  readonly dueOffsetMs: number;
}

/** How long a follow-up may be filled in, ms. */
const FOLLOW_UP_OPEN_MS = 14 * 86_400_000;

function askedBy({ plan }: SessionRow, purpose: PreparationPurpose): Asked[] {
  if (purpose === 'follow_up') {
    const screening = plan.followUp?.screening ?? null;
    if (screening === null) return [];
    const dueOffsetMs = FOLLOW_UP_OPEN_MS;
    return [
      { id: newId(), questionnaireType: screening.questionnaire, materialId: null, dueOffsetMs },
    ];
  }
  const { questionnaires = [], materials = [], dueBeforeStartMs = 0 } = plan.preparation ?? {};
  const common = { dueOffsetMs: dueBeforeStartMs };
  return [
    ...questionnaires.map((type) => ({
      ...common,
      id: newId(),
      questionnaireType: type,
      materialId: null,
    })),
    ...materials.map((materialId) => ({
      ...common,
      id: newId(),
      questionnaireType: null,
      materialId,
    })),
  ];
}

/**
 * Asks the client of a session, or the one member of a group whose life this is, for what the plan
 * says; what was asked before stays as it is. What the clinic does not have is passed over.
 */
export async function prepareSession(
  db: Knex,
  session: SessionRow,
  purpose: PreparationPurpose,
): Promise<void> {
  const asked = askedBy(session, purpose);
  if (asked.length === 0 || session.client_id === null) return;
  await db.raw(
    `INSERT INTO session_preparations (id, session_id, clinic_id, person_id, purpose, title,
       questionnaire_type, material_id, due_offset_ms)
     SELECT asked.id, :sessionId, :clinicId, :personId, :purpose,
       coalesce(m.title, q.template->>'title'), q.type, m.id, "dueOffsetMs"
     FROM json_to_recordset(:asked::json) AS asked
       (id uuid, "questionnaireType" text, "materialId" uuid, "dueOffsetMs" bigint)
     LEFT JOIN materials m ON m.id = "materialId" AND m.clinic_id = :clinicId
     LEFT JOIN LATERAL (SELECT type, template FROM questionnaires
       WHERE type = "questionnaireType" AND (clinic_id = :clinicId OR clinic_id IS NULL)
       ORDER BY clinic_id NULLS LAST, version DESC LIMIT 1) q ON true
     WHERE m.id IS NOT NULL OR q.type IS NOT NULL
     ON CONFLICT DO NOTHING`,
    {
      sessionId: session.id,
      clinicId: session.clinic_id,
      personId: session.client_id,
      purpose,
      asked: JSON.stringify(asked),
    },
  );
}

/** What was asked around some sessions; of one person, or of everybody in them. */
export async function preparationsOf(
  db: Knex,
  question: {
    readonly sessionIds: readonly string[];
    readonly personId: string | null;
    readonly purpose: PreparationPurpose;
  },
): Promise<Preparation[]> {
  const { rows } = await db.raw<{ rows: Preparation[] }>(
    `SELECT ${COLUMNS} FROM ${FROM}
     WHERE p.session_id = ANY(:sessionIds) AND p.purpose = :purpose
       AND (:personId::uuid IS NULL OR p.person_id = :personId)
     ORDER BY p.created_at, p.id`,
    { ...question, sessionIds: [...question.sessionIds] },
  );
  return rows;
}

export async function findPreparation(db: Knex, id: string): Promise<Preparation | null> {
  const { rows } = await db.raw<{ rows: Preparation[] }>(
    `SELECT ${COLUMNS} FROM ${FROM} WHERE p.id = ?`,
    [id],
  );
  return rows[0] ?? null;
}

/** The first reading counts. */
export async function markRead(trx: Knex.Transaction, id: string): Promise<Date> {
  const { rows } = await trx.raw<{ rows: { at: Date }[] }>(
    `UPDATE session_preparations SET completed_at = coalesce(completed_at, now())
     WHERE id = ? RETURNING completed_at AS at`,
    [id],
  );
  return rows[0]!.at;
}

/** Of a session that nobody prepares for any more. */
const BEGUN_OR_OFF = [...ENDED_STATUSES, 'in_progress'].map((status) => `'${status}'`).join(', ');

/** Where the session stands for whoever is asked: as a member of a group they have a seat of their own. */
const STANDING = `coalesce((SELECT status FROM enrolments AS seat
    WHERE seat.session_id = p.session_id AND seat.person_id = p.person_id
      AND seat.status IS NOT NULL
    ORDER BY created_at DESC, id DESC LIMIT 1), s.status)`;

/**
 * Parts of a statement, after one named `done` that gives `person_id`, `type` and `completed_at`
 * of what was filled in: it counts for the next session that asks for it, late or not, and for every
 * follow-up that is open. One to come needs one of its own, and what was not done before a session
 * stays so.
 */
export const WITH_PREPARED = `asked AS (
    SELECT p.id, done.completed_at,
      row_number() OVER (PARTITION BY p.purpose ORDER BY ${DUE_AT}, p.id) AS place, p.purpose
    FROM done JOIN session_preparations p ON p.person_id = done.person_id
      AND p.questionnaire_type = done.type AND p.completed_at IS NULL
    JOIN sessions s ON s.id = p.session_id
    WHERE CASE p.purpose WHEN 'follow_up' THEN ${DUE_AT} > now()
      ELSE s.starts_at > now() AND ${STANDING} NOT IN (${BEGUN_OR_OFF}) END),
  prepared AS (
    UPDATE session_preparations p SET completed_at = asked.completed_at FROM asked
    WHERE p.id = asked.id AND (asked.purpose = 'follow_up' OR asked.place = 1))`;
