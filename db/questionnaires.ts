import type { Knex } from 'knex';
import type { VersionBands } from '../domain/screening/known-bands.ts';
import type { QuestionnaireTemplate } from '../domain/screening/template.ts';

/** One version of a questionnaire; it never changes. */
export interface Questionnaire {
  readonly id: string;
  /** Null for those that the product ships. */
  readonly clinicId: string | null;
  readonly type: string;
  readonly version: number;
  readonly template: QuestionnaireTemplate;
  readonly createdAt: Date;
}

const COLUMNS = `questionnaires.id, questionnaires.clinic_id AS "clinicId", questionnaires.type,
  questionnaires.version, questionnaires.template, questionnaires.created_at AS "createdAt"`;

/** The active one of a type: the clinic's newest, else the newest that is shipped. */
export async function activeQuestionnaire(
  db: Knex,
  clinicId: string,
  type: string,
): Promise<Questionnaire | null> {
  const { rows } = await db.raw<{ rows: Questionnaire[] }>(
    `SELECT ${COLUMNS} FROM questionnaires
     WHERE type = ? AND (clinic_id = ? OR clinic_id IS NULL)
     ORDER BY clinic_id NULLS LAST, version DESC LIMIT 1`,
    [type, clinicId],
  );
  return rows[0] ?? null;
}

/** The active template of each type that a clinic has. */
export async function activeTemplates(
  db: Knex,
  clinicId: string,
): Promise<Map<string, QuestionnaireTemplate>> {
  const { rows } = await db.raw<{ rows: Pick<Questionnaire, 'type' | 'template'>[] }>(
    `SELECT DISTINCT ON (type) type, template FROM questionnaires
     WHERE clinic_id = ? OR clinic_id IS NULL
     ORDER BY type, clinic_id NULLS LAST, version DESC`,
    [clinicId],
  );
  return new Map(rows.map(({ type, template }) => [type, template]));
}

const MOST_KNOWN = 500;
const known = new Map<string, Questionnaire>();

/** What never changes need not be asked for twice. */
export async function findQuestionnaire(db: Knex, id: string): Promise<Questionnaire | null> {
  const remembered = known.get(id);
  if (remembered !== undefined) return remembered;
  const { rows } = await db.raw<{ rows: Questionnaire[] }>(
    `SELECT ${COLUMNS} FROM questionnaires WHERE id = ?`,
    [id],
  );
  const found = rows[0];
  if (found === undefined) return null;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(id, found);
  return found;
}

/** Another version of its type, the clinic's next. Writers of one clinic come one after another. */
export async function insertQuestionnaire(
  trx: Knex.Transaction,
  questionnaire: {
    readonly id: string;
    readonly clinicId: string;
    readonly template: QuestionnaireTemplate;
    readonly createdBy: string;
  },
): Promise<Questionnaire> {
  const { id, clinicId, template, createdBy } = questionnaire;
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const { rows } = await trx.raw<{ rows: Questionnaire[] }>(
    `INSERT INTO questionnaires (id, clinic_id, type, version, template, created_by)
     SELECT :id, :clinicId, :type, coalesce(max(version), 0) + 1, :template::jsonb, :createdBy
     FROM questionnaires
     WHERE type = :type AND (clinic_id = :clinicId OR clinic_id IS NULL)
     RETURNING ${COLUMNS}`,
    { id, clinicId, type: template.type, template: JSON.stringify(template), createdBy },
  );
  return rows[0]!;
}

/** The bands of each version that a clinic can have asked, the active version first. */
export async function bandsOfVersions(
  db: Knex,
  clinicId: string,
  type: string,
): Promise<VersionBands[]> {
  const { rows } = await db.raw<{ rows: VersionBands[] }>(
    `SELECT template->'bands' AS bands, created_at AS "createdAt" FROM questionnaires
     WHERE type = ? AND (clinic_id = ? OR clinic_id IS NULL)
     ORDER BY clinic_id NULLS LAST, version DESC`,
    [type, clinicId],
  );
  return rows;
}

/** All types that a clinic can ask, in order. */
export async function questionnaireTypes(db: Knex, clinicId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { type: string }[] }>(
    'SELECT DISTINCT type FROM questionnaires WHERE clinic_id = ? OR clinic_id IS NULL ORDER BY type',
    [clinicId],
  );
  return rows.map(({ type }) => type);
}
