import { auditRead } from '../../db/audit/record.ts';
import {
  type GroupFields,
  type UpcomingSession,
  insertGroup,
  listGroups as listInDatabase,
  upcomingSessions,
  updateGroup,
} from '../../db/groups.ts';
import type { Group, Material } from '../../db/models/group.ts';
import type { SessionFormat } from '../../db/sessions.ts';
import { findTherapist } from '../../db/therapists.ts';
import { inTransaction } from '../../db/transaction.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { isUuid } from '../../domain/ids.ts';
import { normaliseZone } from '../../domain/local-time.ts';
import { parseInstant, readTimeOfDay, writeTimeOfDay } from '../../domain/time-text.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { mayLeadGroups } from '../access/group-access.ts';
import { openGroup } from '../groups/open-group.ts';
import { planGroupSession } from '../groups/plan-session.ts';
import type { Answer, Call, HandlerMap } from '../http/handler.ts';
import { type PageQuery, pageOf, readCursor } from './paging.ts';
import { etag, expectedVersion } from './versions.ts';

interface GroupBody {
  readonly therapistId?: string;
  readonly name?: string;
  readonly theme?: string;
  readonly guidelines?: readonly string[];
  readonly materials?: readonly Material[];
  readonly format?: SessionFormat;
  readonly capacity?: number;
  readonly minMembers?: number;
  readonly decideBeforeMinutes?: number;
  readonly durationMinutes?: number;
  readonly priceCents?: number | null;
  readonly joinableBy?: Group['joinable_by'];
  readonly timeZone?: string;
  readonly weeklyTimes?: readonly { readonly dayOfWeek: number; readonly time: string }[];
  readonly isActive?: boolean;
  readonly version?: number;
}

type NewGroupBody = GroupBody & Required<Pick<GroupBody, 'theme' | 'capacity'>>;

interface GroupsQuery extends PageQuery {
  readonly therapistId?: string;
}

/** A therapist who names nobody means themselves. */
function meantTherapist({ principal }: Call, named: string | undefined): string | null {
  return named ?? (principal.role === 'counselor' ? principal.personId : null);
}

/** GET /api/v1/groups */
async function listGroups(call: Call<unknown, GroupsQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'group.list', objectType: 'group', objectId: null };
  const therapistId = meantTherapist(call, query.therapistId);
  await enforce(call, mayLeadGroups(principal, therapistId), target);
  const groups = await listInDatabase(deps.knex, {
    clinicId: principal.clinicId,
    therapistId,
    activeOnly: false,
    after: readCursor(query.cursor, isUuid),
    limit: query.limit + 1,
  });
  const ids = groups.map(({ id }) => id);
  const sessions = await upcomingSessions(deps.knex, ids);
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  const body = pageOf(groups, query.limit, (group) => present(group, sessionsOf(group, sessions)));
  return { status: 200, body };
}

function sessionsOf(
  group: Group,
  sessions: readonly (UpcomingSession & { groupId: string })[],
): UpcomingSession[] {
  return sessions.filter(({ groupId }) => groupId === group.id);
}

/** POST /api/v1/groups */
async function createGroup(call: Call<NewGroupBody>): Promise<Answer> {
  const { body, deps, newId, principal, requestId } = call;
  const target = { action: 'group.create', objectType: 'group', objectId: newId };
  const therapistId = meantTherapist(call, body.therapistId);
  await enforce(call, mayLeadGroups(principal, therapistId), target);
  if (therapistId === null) throw malformed('therapistId', 'is required');
  const therapist = await findTherapist(deps.knex, principal.clinicId, therapistId);
  if (therapist === null) throw malformed('therapistId', 'must be a therapist of the clinic');
  const fields = {
    ...DEFAULTS,
    name: body.theme,
    time_zone: therapist.timeZone,
    ...fieldsOf(body),
  };
  const whole = { ...fields, theme: body.theme, capacity: body.capacity };
  requireReachable(whole);
  const context = auditContext(principal, requestId);
  const group = await inTransaction(deps.knex, context, async (trx, audit) => {
    audit({ ...target, changes: { therapistId } });
    return insertGroup(trx, {
      id: newId,
      clinic_id: principal.clinicId,
      therapist_id: therapistId,
      created_by: principal.personId,
      ...whole,
    });
  });
  return { status: 201, body: present(group, []), headers: etag(group.version) };
}

/** GET /api/v1/groups/{id} */
async function getGroup(call: Call): Promise<Answer> {
  const group = await openGroup(call, 'manage');
  await auditRead(call.deps.knex, auditContext(call.principal, call.requestId), {
    action: 'group.read',
    objectType: 'group',
    objectId: group.id,
  });
  return answerWith(call, group);
}

/** PUT /api/v1/groups/{id} */
async function putGroup(call: Call<GroupBody>): Promise<Answer> {
  const { body, deps, principal, requestId } = call;
  const group = await openGroup(call, 'manage');
  if (body.therapistId !== undefined && body.therapistId !== group.therapist_id) {
    throw malformed('therapistId', 'cannot be changed');
  }
  const version = expectedVersion(call);
  const fields = fieldsOf(body);
  requireReachable({ ...group, ...fields });
  const context = auditContext(principal, requestId);
  const changed = await inTransaction(deps.knex, context, async (trx, audit) => {
    const after = await updateGroup(trx, group.id, fields, version);
    const changes = { fields: Object.keys(fields).join(','), version: after.version };
    audit({ action: 'group.change', objectType: 'group', objectId: group.id, changes });
    return after;
  });
  return answerWith(call, changed);
}

interface PlanBody {
  readonly startsAt: string;
  readonly timeZone?: string;
  readonly durationMinutes?: number;
}

/** POST /api/v1/groups/{id}/sessions */
async function createGroupSession(call: Call<PlanBody>): Promise<Answer> {
  const { body } = call;
  const group = await openGroup(call, 'manage');
  const zone = body.timeZone === undefined ? group.time_zone : readZone(body.timeZone);
  const startMs = parseInstant(body.startsAt, zone);
  const minutes = body.durationMinutes ?? group.duration_minutes;
  const session = await planGroupSession(call, group, {
    startMs,
    endMs: startMs + minutes * 60_000,
  });
  return {
    status: 201,
    body: {
      id: session.id,
      groupId: group.id,
      therapistId: session.therapist_id,
      status: session.status,
      startsAt: session.starts_at.toISOString(),
      endsAt: session.ends_at.toISOString(),
      capacity: session.group_terms?.capacity,
      priceCents: session.price_cents,
      currency: session.currency,
    },
  };
}

const DEFAULTS: Omit<GroupFields, 'name' | 'theme' | 'capacity' | 'time_zone'> = {
  guidelines: [],
  materials: [],
  format: 'video',
  min_members: 0,
  decide_before_minutes: 24 * 60,
  duration_minutes: 90,
  price_cents: null,
  joinable_by: 'anyone',
  weekly_times: [],
  is_active: true,
};

/** What the body names, under the columns' names. */
function fieldsOf(body: GroupBody): Partial<GroupFields> {
  const named = {
    name: body.name,
    theme: body.theme,
    guidelines: body.guidelines,
    materials: body.materials,
    format: body.format,
    capacity: body.capacity,
    min_members: body.minMembers,
    decide_before_minutes: body.decideBeforeMinutes,
    duration_minutes: body.durationMinutes,
    price_cents: body.priceCents,
    joinable_by: body.joinableBy,
    time_zone: body.timeZone === undefined ? undefined : readZone(body.timeZone),
    weekly_times: body.weeklyTimes?.map(({ dayOfWeek, time }) => ({
      dayOfWeek,
      minute: readMinute(time),
    })),
    is_active: body.isActive,
  };
  return Object.fromEntries(
    Object.entries(named).filter(([, value]) => value !== undefined),
  ) as Partial<GroupFields>;
}

function readMinute(time: string): number {
  const minute = readTimeOfDay(time);
  if (minute === null) throw malformed('weeklyTimes', 'must be times such as 18:00');
  return minute;
}

function readZone(name: string): string {
  const zone = normaliseZone(name);
  if (zone === null) throw malformed('timeZone', 'must be an IANA time zone');
  return zone;
}

function requireReachable({
  min_members,
  capacity,
}: Pick<Group, 'min_members' | 'capacity'>): void {
  if (min_members <= capacity) return;
  throw malformed('minMembers', 'must not be more than the capacity');
}

function malformed(field: string, message: string): HoldfastError {
  return new HoldfastError('malformed_request', `${field} ${message}`, {
    fields: [{ field, message }],
  });
}

async function answerWith(call: Call, group: Group): Promise<Answer> {
  const sessions = await upcomingSessions(call.deps.knex, [group.id]);
  return { status: 200, body: present(group, sessions), headers: etag(group.version) };
}

function present(group: Group, sessions: readonly UpcomingSession[]): Record<string, unknown> {
  return {
    id: group.id,
    therapistId: group.therapist_id,
    name: group.name,
    theme: group.theme,
    guidelines: group.guidelines,
    materials: group.materials,
    format: group.format,
    capacity: group.capacity,
    minMembers: group.min_members,
    decideBeforeMinutes: group.decide_before_minutes,
    durationMinutes: group.duration_minutes,
    priceCents: group.price_cents,
    joinableBy: group.joinable_by,
    timeZone: group.time_zone,
    weeklyTimes: group.weekly_times.map(({ dayOfWeek, minute }) => ({
      dayOfWeek,
      time: writeTimeOfDay(minute),
    })),
    isActive: group.is_active,
    version: group.version,
    sessions: sessions.map(({ id, startsAt, endsAt, capacity, seats }) => ({
      id,
      startsAt: startsAt.toISOString(),
      endsAt: endsAt.toISOString(),
      capacity,
      seatsTaken: seats,
    })),
    createdAt: group.created_at.toISOString(),
    updatedAt: group.updated_at.toISOString(),
  };
}

export const groupHandlers = {
  listGroups,
  createGroup,
  getGroup,
  putGroup,
  createGroupSession,
} satisfies Partial<HandlerMap>;
