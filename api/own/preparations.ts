import { auditRead } from '../../db/audit/record.ts';
import { ClinicMaterial } from '../../db/models/material.ts';
import { activeQuestionnaire, findQuestionnaire } from '../../db/questionnaires.ts';
import { findOpenResponse } from '../../db/screening-responses.ts';
import { findPreparation, markRead } from '../../db/session-preparations.ts';
import type { Preparation } from '../../db/session-preparations.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce, mayKeepMaterials } from '../access/clinic-access.ts';
import { relationTo, verdictOn } from '../access/session-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { questionnaireShapes } from '../support/screening/present.ts';
import { type PageQuery, pageOf, readCursor } from './paging.ts';

/** GET /assessments/{id} */
export async function getAssessment(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const asked = await openPreparation(call, 'assessment');
  const type = asked.questionnaireType;
  if (type === null) throw new HoldfastError('not_found', 'There is no such assessment');
  const { personId } = asked;
  const isOwn = personId === principal.personId;
  const open = isOwn ? await findOpenResponse(deps.knex, personId, type) : null;
  const questionnaire =
    open === null
      ? await activeQuestionnaire(deps.knex, principal.clinicId, type)
      : await findQuestionnaire(deps.knex, open.questionnaireId);
  await auditRead(deps.knex, auditContext(principal, requestId), {
    action: 'assessment.read',
    objectType: 'session_preparation',
    objectId: asked.id,
    subjectId: personId,
  });
  const body = {
    ...common(asked),
    questionnaireType: type,
    // No version is ever removed.
    questionnaire: questionnaireShapes(questionnaire!).a,
    responseSessionId: open?.id ?? null,
    startUrl: '/api/responses/start',
  };
  return { status: 200, body };
}

/** GET /materials/{id}. That the client has it read is noted at the first time. */
export async function getMaterial(call: Call): Promise<Answer> {
  const { deps, principal, requestId } = call;
  const asked = await openPreparation(call, 'material');
  const { id, personId, materialId } = asked;
  const material =
    materialId === null ? undefined : await ClinicMaterial.query(deps.knex).findById(materialId);
  if (material === undefined) throw new HoldfastError('not_found', 'There is no such material');
  const read = { objectType: 'session_preparation', objectId: id, subjectId: personId };
  const context = auditContext(principal, requestId);
  const completedAt = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ action: 'material.read', ...read });
    return personId === principal.personId ? markRead(trx, id) : asked.completedAt;
  });
  const { type, content, url } = material;
  return { status: 200, body: { ...common({ ...asked, completedAt }), type, content, url } };
}

async function openPreparation(call: Call, objectType: string): Promise<Preparation> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const asked = isUuid(id) ? await findPreparation(deps.knex, id) : null;
  const session =
    asked === null
      ? null
      : { clinic_id: asked.clinicId, client_id: asked.personId, therapist_id: asked.therapistId };
  const verdict = verdictOn('prepare', relationTo(principal, session));
  await enforce(call, verdict, { action: `${objectType}.read`, objectType, objectId: id });
  return asked!;
}

function common({ id, sessionId, purpose, title, dueAt, completedAt }: Preparation) {
  return {
    id,
    sessionId,
    purpose,
    title,
    dueAt: dueAt.toISOString(),
    completedAt: completedAt?.toISOString() ?? null,
  };
}

interface MaterialBody {
  readonly type: string;
  readonly title: string;
  readonly content?: string | null;
  readonly url?: string | null;
}

/** POST /api/v1/materials */
export async function createMaterial(call: Call<MaterialBody>): Promise<Answer> {
  const { body, deps, newId: id, principal, requestId } = call;
  const target = { action: 'material.create', objectType: 'material', objectId: id };
  await enforce(call, mayKeepMaterials(principal), target);
  const { type, title, content = null, url = null } = body;
  if (content === null && url === null) {
    const fields = [{ field: 'content', message: 'must be given, or url' }];
    throw new HoldfastError('malformed_request', 'A material needs a content or a url', { fields });
  }
  const { clinicId, personId: createdBy } = principal;
  const row = { id, clinicId, type, title, content, url, createdBy };
  await inTransaction(deps.knex, auditContext(principal, requestId), async (trx, audit) => {
    // Repeated with its key, since the answer was lost: it is there.
    await ClinicMaterial.query(trx).insert(row).onConflict('id').ignore();
    audit(target);
  });
  return { status: 201, body: { id, type, title, content, url } };
}

/** Every id comes after it. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** GET /api/v1/materials */
export async function listMaterials(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const target = { action: 'material.list', objectType: 'clinic', objectId: principal.clinicId };
  await enforce(call, mayKeepMaterials(principal), target);
  const after = readCursor(query.cursor, isUuid);
  const rows = await ClinicMaterial.query(deps.knex)
    .where({ clinic_id: principal.clinicId })
    .where('id', '>', after ?? NO_ID)
    .orderBy('id')
    .limit(query.limit + 1);
  const present = ({ id, type, title, content, url }: ClinicMaterial) => ({
    id,
    type,
    title,
    content,
    url,
  });
  return { status: 200, body: pageOf(rows, query.limit, present) };
}
