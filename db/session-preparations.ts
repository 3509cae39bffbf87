import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
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

const COLUMNS = `p.id, p.session_id AS "sessionId", p.clinic_id AS "clinicId",
  p.person_id AS "personId", s.therapist_id AS "therapistId", p.purpose, p.title,
  p.questionnaire_type AS "questionnaireType", p.material_id AS "materialId",
  CASE p.purpose WHEN 'preparation' THEN s.starts_at - p.due_offset_ms * interval '1 millisecond'
    ELSE s.ends_at + p.due_offset_ms * interval '1 millisecond' END AS "dueAt",
  p.completed_at AS "completedAt"`;
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
