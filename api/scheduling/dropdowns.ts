import type { Knex } from 'knex';
import { auditRead } from '../../db/audit/record.ts';
import {
  DIRECTORY_TYPES,
  type Directory,
  type DirectoryQuestion,
  type DirectoryType,
  directoryVersion,
  readDirectory,
} from '../../db/directory.ts';
import { auditContext } from '../access/audit-context.ts';
import { enforce } from '../access/clinic-access.ts';
import { maySchedule, schedulingScope } from '../access/scheduling-access.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import type { Answer, Call, Query } from '../http/handler.ts';
import { presentTime } from './present.ts';
import { malformed } from './session-block.ts';
import { STATUS_WORDS } from './words.ts';

interface DropdownQuery extends Query {
  readonly types?: string;
  readonly include_inactive?: boolean;
}

interface Kept extends Directory {
  /** Epoch ms at which it was read. */
  readonly readAt: number;
}

const ALL_TYPES = [...DIRECTORY_TYPES, 'statuses'] as const;
const MAX_KEPT = 500;
const KEPT_MS = 15 * 60_000;

/** What each process has read before, by its database. */
const kept = new WeakMap<Knex, BoundedCache<Kept>>();

/** GET /get-dropdown-data */
export async function getDropdownData(call: Call<unknown, DropdownQuery>): Promise<Answer> {
  const { deps, principal, query, requestId } = call;
  const target = { action: 'directory.read', objectType: 'clinic', objectId: principal.clinicId };
  await enforce(call, maySchedule(principal, []), target);
  const types = readTypes(query.types);
  const scope = schedulingScope(principal);
  const { directory, isKept } = await lookUp(deps.knex, {
    clinicId: principal.clinicId,
    therapistId: scope?.kind === 'own' ? scope.therapistId : null,
    types: DIRECTORY_TYPES.filter((type) => types.has(type)),
    includeInactive: query.include_inactive ?? false,
  });
  await auditRead(deps.knex, auditContext(principal, requestId), target);
  const statuses = STATUS_WORDS.map((id) => ({ id, name: id, is_active: true }));
  return {
    status: 200,
    headers: { 'cache-control': 'private, no-store' },
    body: {
      success: true,
      data: { ...directory.lists, ...(types.has('statuses') ? { statuses } : {}) },
      cached: isKept,
      lastUpdated: presentTime(directory.readAt),
    },
  };
}

function readTypes(list: string | undefined): ReadonlySet<string> {
  if (list === undefined || list.trim() === '') return new Set(ALL_TYPES);
  const types = list.split(',').map((type) => type.trim());
  if (types.every((type) => (ALL_TYPES as readonly string[]).includes(type))) return new Set(types);
  throw malformed('types', `must be some of ${ALL_TYPES.join(',')}`);
}

/** What was read before holds as long as the clinic's stamp does, which every change moves. */
async function lookUp(
  knex: Knex,
  question: DirectoryQuestion,
): Promise<{ directory: Kept; isKept: boolean }> {
  const cache = cacheOf(knex);
  const { clinicId, therapistId, types, includeInactive } = question;
  const name = JSON.stringify([clinicId, therapistId, types as DirectoryType[], includeInactive]);
  const known = cache.get(name);
  if (known !== undefined && known.version === (await directoryVersion(knex, clinicId))) {
    return { directory: known, isKept: true };
  }
  const readAt = Date.now();
  const directory = { ...(await readDirectory(knex, question)), readAt };
  cache.set(name, directory);
  return { directory, isKept: false };
}

function cacheOf(knex: Knex): BoundedCache<Kept> {
  const known = kept.get(knex);
  if (known !== undefined) return known;
  const made = new BoundedCache<Kept>(MAX_KEPT, KEPT_MS);
  kept.set(knex, made);
  return made;
}
