import { auditRead } from '../../db/audit/record.ts';
import {
  endRelationship as endInDatabase,
  findRelationship,
  insertRelationship,
  listRelationships as listInDatabase,
} from '../../db/relationships.ts';
import type { Relationship } from '../../db/relationships.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import type { Answer, Call } from '../http/handler.ts';
import { enforce, mayEndRelationship, mayManageRelationships } from '../access/clinic-access.ts';
import { auditContext } from '../access/audit-context.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';

export interface RelationshipQuery extends PageQuery {
  readonly therapistId?: string;
  readonly clientId?: string;
  readonly includeEnded: boolean;
}

export interface RelationshipBody {
  readonly therapistId?: string;
  readonly clientId: string;
}

/** A therapist who names no therapist means themselves. */
function meantTherapist(call: Call, therapistId: string | undefined): string | null {
  if (therapistId !== undefined) return therapistId;
  return call.principal.role === 'counselor' ? call.principal.personId : null;
}

/** GET /api/v1/relationships */
export async function listRelationships(call: Call<unknown, RelationshipQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const target = { action: 'relationship.list', objectType: 'relationship', objectId: null };
  const therapistId = meantTherapist(call, query.therapistId);
  await enforce(call, mayManageRelationships(principal, therapistId), target);
  const relationships = await listInDatabase(deps.knex, {
    clinicId: principal.clinicId,
    therapistId,
    clientId: query.clientId ?? null,
    includeEnded: query.includeEnded,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  await auditRead(deps.knex, auditContext(call.principal, call.requestId), {
    ...target,
    subjectId: query.clientId ?? null,
  });
  return { status: 200, body: pageOf(relationships, query.limit, present) };
}

/** POST /api/v1/relationships */
export async function createRelationship(call: Call<RelationshipBody>): Promise<Answer> {
  const { body, deps, newId, principal } = call;
  const target = { action: 'relationship.create', objectType: 'relationship', objectId: newId };
  const therapistId = meantTherapist(call, body.therapistId);
  await enforce(call, mayManageRelationships(principal, therapistId), target);
  if (therapistId === null) throw missingTherapist();
  const relationship = await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      audit({ ...target, subjectId: body.clientId, changes: { therapistId } });
      return insertRelationship(trx, {
        id: newId,
        clinicId: principal.clinicId,
        therapistId,
        clientId: body.clientId,
        createdBy: principal.personId,
      });
    },
  );
  return { status: 201, body: present(relationship) };
}

/** DELETE /api/v1/relationships/{id} */
export async function endRelationship(call: Call): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const target = { action: 'relationship.end', objectType: 'relationship', objectId: id };
  const known = await findRelationship(deps.knex, principal.clinicId, id);
  await enforce(call, mayEndRelationship(principal, known), target);
  await inTransaction(
    deps.knex,
    auditContext(call.principal, call.requestId),
    async (trx, audit) => {
      const ended = await endInDatabase(trx, principal.clinicId, id);
      audit({ ...target, subjectId: ended.clientId });
    },
  );
  return { status: 204 };
}

function missingTherapist(): HoldfastError {
  return new HoldfastError('malformed_request', 'therapistId is required', {
    fields: [{ field: 'therapistId', message: 'is required' }],
  });
}

function present(relationship: Relationship): Record<string, unknown> {
  return {
    id: relationship.id,
    therapistId: relationship.therapistId,
    clientId: relationship.clientId,
    startedAt: relationship.startedAt.toISOString(),
    endedAt: relationship.endedAt?.toISOString() ?? null,
  };
}
