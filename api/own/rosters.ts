import { findUnpageable } from '../../db/on-call.ts';
import type { RosterModel, RosterOverride } from '../../db/models/roster.ts';
import {
  expandRosters,
  getRoster,
  insertOverride,
  insertRoster,
  listRosters as listInDatabase,
  replaceRoster,
} from '../../db/rosters.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { gapsBetween, shiftsBetween } from '../../domain/rosters.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayKeepCrisisPlans } from '../access/on-call-access.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { pageOf, readCursor } from './paging.ts';
import type { PageQuery } from './paging.ts';
import { presentRotation, readOverride, readRotations, readStretch } from './roster-body.ts';
import type { OverrideBody, RosterBody } from './roster-body.ts';
import { etag, expectedVersion, requireSameId } from './versions.ts';

interface StretchQuery extends Query {
  readonly from: string;
  readonly to: string;
}

interface RosterTarget {
  readonly action: string;
  readonly objectType: 'roster';
  readonly objectId: string | null;
}

/** GET /api/v1/rosters */
export async function listRosters(call: Call<unknown, PageQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  await openTo(call, 'roster.list', null);
  const page = { after: readCursor(query.cursor, isUuid), limit: query.limit + 1 };
  const rosters = await listInDatabase(deps.knex, principal.clinicId, page);
  return { status: 200, body: pageOf(rosters, query.limit, present) };
}

/** POST /api/v1/rosters */
export async function createRoster(call: Call<RosterBody>): Promise<Answer> {
  const { deps, newId: id, principal } = call;
  const { clinicId, personId: createdBy } = principal;
  const target = await openTo(call, 'roster.create', id);
  const content = await checkedContent(call);
  const context = auditContext(principal, call.requestId);
  const roster = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit(target);
    return insertRoster(trx, { id, clinicId, createdBy, ...content });
  });
  return { status: 201, body: present(roster), headers: etag(roster.version) };
}

/** PUT /api/v1/rosters/{id} */
export async function putRoster(call: Call<RosterBody>): Promise<Answer> {
  const { deps, principal } = call;
  const id = call.params['id']!;
  const target = await openTo(call, 'roster.change', id);
  requireSameId(call, 'id', call.body.id);
  await getRoster(deps.knex, principal.clinicId, id);
  const change = { ...(await checkedContent(call)), expectedVersion: expectedVersion(call) };
  const context = auditContext(principal, call.requestId);
  const roster = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit(target);
    return replaceRoster(trx, principal.clinicId, id, change);
  });
  return { status: 200, body: present(roster), headers: etag(roster.version) };
}

/** POST /api/v1/rosters/{id}/overrides */
export async function createRosterOverride(call: Call<OverrideBody>): Promise<Answer> {
  const { deps, newId, principal } = call;
  const rosterId = call.params['id']!;
  const target = await openTo(call, 'roster.override', rosterId);
  await getRoster(deps.knex, principal.clinicId, rosterId);
  const content = readOverride(call.body, Date.now());
  const people = [content.personId, ...(content.insteadOf === null ? [] : [content.insteadOf])];
  await requirePageable(call, 'personId', people);
  const row = { id: newId, rosterId, createdBy: principal.personId, ...content };
  const context = auditContext(principal, call.requestId);
  const override = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, changes: { override: newId } });
    return insertOverride(trx, row);
  });
  return { status: 201, body: presentOverride(override) };
}

/** GET /api/v1/rosters/{id}/shifts */
export async function listRosterShifts(call: Call<unknown, StretchQuery>): Promise<Answer> {
  const { deps, principal, query } = call;
  const id = call.params['id']!;
  await openTo(call, 'roster.read', id);
  const stretch = readStretch(query.from, query.to);
  const row = await getRoster(deps.knex, principal.clinicId, id);
  const roster = (await expandRosters(deps.knex, [row], stretch)).get(id)!;
  const shifts = shiftsBetween(roster, stretch.fromMs, stretch.toMs);
  const gaps = gapsBetween(roster, stretch.fromMs, stretch.toMs);
  const data = shifts.map(({ startMs, endMs, rotation, personId, override }) => ({
    ...times(startMs, endMs),
    rotation,
    personId,
    overrideId: override?.id ?? null,
    insteadOf: override?.insteadOf ?? null,
  }));
  const body = { data, gaps: gaps.map((gap) => times(gap.startMs, gap.endMs)), nextCursor: null };
  return { status: 200, body };
}

async function openTo(call: Call, action: string, objectId: string | null): Promise<RosterTarget> {
  const target = { action, objectType: 'roster', objectId } as const;
  await enforce(call, mayKeepCrisisPlans(call.principal), target);
  return target;
}

async function checkedContent(
  call: Call<RosterBody>,
): Promise<{ name: string; rotations: ReturnType<typeof readRotations> }> {
  const rotations = readRotations(call.body);
  const people = rotations.flatMap((rotation) => rotation.people);
  await requirePageable(call, 'rotations', people);
  return { name: call.body.name.trim(), rotations };
}

/** Throws `refused_by_rule` that names those whom an alert could not page. */
export async function requirePageable(
  call: Call,
  field: string,
  personIds: readonly string[],
): Promise<void> {
  const { deps, principal } = call;
  const unknown = await findUnpageable(deps.knex, principal.clinicId, personIds);
  if (unknown.length === 0) return;
  const message = 'must name verified helpers, staff or admins of the clinic';
  throw new HoldfastError('refused_by_rule', `${field} ${message}`, {
    fields: [{ field, message }],
    personIds: unknown,
  });
}

function times(startMs: number, endMs: number): { startsAt: string; endsAt: string } {
  return { startsAt: new Date(startMs).toISOString(), endsAt: new Date(endMs).toISOString() };
}

function present(roster: RosterModel): Record<string, unknown> {
  const { id, name, version, rotations, createdAt, updatedAt } = roster;
  return {
    id,
    name,
    rotations: rotations.map(presentRotation),
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function presentOverride(override: RosterOverride): Record<string, unknown> {
  const { id, rosterId, personId, insteadOf, startsAt, endsAt } = override;
  return { id, rosterId, personId, insteadOf, ...times(startsAt.getTime(), endsAt.getTime()) };
}
