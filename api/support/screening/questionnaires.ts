import { activeQuestionnaire, insertQuestionnaire } from '../../../db/questionnaires.ts';
import { inTransaction } from '../../../db/transaction.ts';
import { HoldfastError } from '../../../domain/errors.ts';
import { templateFaults } from '../../../domain/screening/check-template.ts';
import { departures } from '../../../domain/screening/departures.ts';
import { shippedOf, typeNamed } from '../../../domain/screening/instruments/index.ts';
import type { QuestionnaireTemplate } from '../../../domain/screening/template.ts';
import { auditContext } from '../../access/audit-context.ts';
import { enforce } from '../../access/clinic-access.ts';
import { mayRunScreening } from '../../access/screening-access.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { questionnaireShapes } from './present.ts';

type Optional =
  | 'description'
  | 'instructions'
  | 'language'
  | 'options'
  | 'categories'
  | 'flags'
  | 'reliability'
  | 'source'
  | 'attribution';

export type TemplateBody = Omit<QuestionnaireTemplate, Optional | 'methods'> &
  Partial<QuestionnaireTemplate>;

/** POST /api/questionnaires */
export async function createQuestionnaire(call: Call<TemplateBody>): Promise<Answer> {
  const { deps, newId: id, principal, requestId } = call;
  const target = { action: 'questionnaire.create', objectType: 'questionnaire', objectId: id };
  await enforce(call, mayRunScreening(principal), target);
  const template = checked(complete(call.body));
  const context = auditContext(principal, requestId);
  const { clinicId, personId: createdBy } = principal;
  const created = await inTransaction(deps.knex, context, async (trx, audit) => {
    const questionnaire = await insertQuestionnaire(trx, { id, clinicId, template, createdBy });
    audit({ ...target, changes: { type: questionnaire.type, version: questionnaire.version } });
    return questionnaire;
  });
  const { a, b } = questionnaireShapes(created);
  const message = 'Questionnaire created successfully';
  return inBothShapes(201, { message, a: { ...a, questionnaire: a }, b: { questionnaire: b } });
}

/** What a template leaves out is what most have: common options, one sum, nothing flagged. */
function complete(body: TemplateBody): QuestionnaireTemplate {
  return {
    ...body,
    type: typeNamed(body.type),
    description: body.description ?? '',
    instructions: body.instructions ?? '',
    language: body.language ?? 'en',
    options: body.options ?? [],
    methods: body.methods ?? [
      { id: 'sum', title: 'Sum of the answers', points: null, caseFrom: null },
    ],
    categories: body.categories ?? [],
    flags: body.flags ?? [],
    reliability: body.reliability ?? null,
    source: body.source ?? '',
    attribution: body.attribution ?? null,
  };
}

/** Throws `refused_by_rule` with every faulty field and why. */
function checked(template: QuestionnaireTemplate): QuestionnaireTemplate {
  const faults = templateFaults(template);
  const shipped = shippedOf(template.type);
  const fields = faults.length > 0 || shipped === null ? faults : departures(template, shipped);
  const [first] = fields;
  if (first === undefined) return template;
  throw new HoldfastError('refused_by_rule', `${first.field} ${first.message}`, { fields });
}

/** GET /api/questionnaires/type/{type} */
export async function getQuestionnaire(call: Call): Promise<Answer> {
  const { deps, params, principal } = call;
  const type = typeNamed(params['id']!);
  const found = await activeQuestionnaire(deps.knex, principal.clinicId, type);
  if (found === null) throw new HoldfastError('not_found', 'There is no such questionnaire');
  const { a, b } = questionnaireShapes(found);
  return inBothShapes(200, { a: { ...a, questionnaire: a }, b: { questionnaire: b } });
}
