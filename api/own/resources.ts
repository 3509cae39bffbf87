import { v7 as newId } from 'uuid';
import { readResources, replaceResources } from '../../db/resources.ts';
import type { ListedResource, ResourceList } from '../../db/resources.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import type { FieldFault } from '../../domain/errors.ts';
import { isReviewDue } from '../../domain/resources.ts';
import type { CrisisResource } from '../../domain/resources.ts';
import { readDate } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayKeepCrisisPlans } from '../access/on-call-access.ts';
import type { Answer, Call } from '../http/handler.ts';
import { etag, expectedVersion } from './versions.ts';

type ResourceBody = Pick<CrisisResource, 'kind' | 'title'> & Partial<CrisisResource>;

interface ResourcesBody {
  readonly version?: number;
  readonly resources: readonly ResourceBody[];
}

/** GET /api/v1/resources */
export async function getResources(call: Call): Promise<Answer> {
  await openTo(call, 'resources.read');
  return present(await readResources(call.deps.knex, call.principal.clinicId));
}

/** PUT /api/v1/resources */
export async function putResources(call: Call<ResourcesBody>): Promise<Answer> {
  const { body, deps, principal } = call;
  const { clinicId, personId: changedBy } = principal;
  const target = await openTo(call, 'resources.change');
  const fields = body.resources.flatMap((resource, index) => faultsOf(resource, index));
  const [first] = fields;
  if (first !== undefined) {
    throw new HoldfastError('malformed_request', `${first.field} ${first.message}`, { fields });
  }
  const resources = body.resources.map(complete);
  const change = { clinicId, resources, expectedVersion: expectedVersion(call), changedBy };
  const context = auditContext(principal, call.requestId);
  const list = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit(target);
    return replaceResources(trx, change);
  });
  return present(list);
}

async function openTo(
  call: Call,
  action: string,
): Promise<{ action: string; objectType: string; objectId: string }> {
  const target = { action, objectType: 'resources', objectId: call.principal.clinicId };
  await enforce(call, mayKeepCrisisPlans(call.principal), target);
  return target;
}

function faultsOf(resource: ResourceBody, index: number): FieldFault[] {
  const { phone, text, website, latitude, longitude, title, reviewedOn, reviewDueOn } = resource;
  const path = `resources[${index}]`;
  const isDated = (date: string | null | undefined): boolean =>
    typeof date !== 'string' || readDate(date) !== null;
  const hasWay = [phone, text, website].some((way) => (way ?? '').trim() !== '');
  return [
    ...(title.trim() === '' ? [{ field: `${path}.title`, message: 'must not be blank' }] : []),
    ...(hasWay ? [] : [{ field: path, message: 'must have a phone, a text or a website' }]),
    ...((latitude ?? null) === null && (longitude ?? null) === null
      ? []
      : typeof latitude === 'number' && typeof longitude === 'number'
        ? []
        : [{ field: `${path}.latitude`, message: 'must come with a longitude, or neither' }]),
    ...(isDated(reviewedOn) ? [] : [{ field: `${path}.reviewedOn`, message: 'must be a date' }]),
    ...(isDated(reviewDueOn) ? [] : [{ field: `${path}.reviewDueOn`, message: 'must be a date' }]),
  ];
}

function complete(resource: ResourceBody): ListedResource {
  return {
    id: newId(),
    kind: resource.kind,
    title: resource.title.trim(),
    description: resource.description ?? null,
    phone: resource.phone ?? null,
    text: resource.text ?? null,
    website: resource.website ?? null,
    available: resource.available ?? null,
    languages: resource.languages ?? [],
    population: resource.population ?? null,
    country: resource.country ?? null,
    location: resource.location ?? null,
    latitude: resource.latitude ?? null,
    longitude: resource.longitude ?? null,
    reviewedOn: resource.reviewedOn ?? null,
    reviewDueOn: resource.reviewDueOn ?? null,
  };
}

function present({ resources, version }: ResourceList): Answer {
  const today = new Date().toISOString().slice(0, 10);
  const data = resources.map((resource) => ({
    ...resource,
    isReviewDue: isReviewDue(resource, today),
  }));
  const body = { data, nextCursor: null, version, isDefault: version === 0 };
  return { status: 200, body, headers: etag(version) };
}
