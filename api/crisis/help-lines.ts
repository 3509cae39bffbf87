import { setTimeout as sleep } from 'node:timers/promises';
import type { Knex } from 'knex';
import { findDefaultClinic } from '../../db/people.ts';
import { readResources } from '../../db/resources.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { DEFAULT_RESOURCES } from '../../domain/resources.ts';
import type { CrisisResource } from '../../domain/resources.ts';
import { knownClinic } from '../access/principal.ts';
import type { Principal } from '../access/principal.ts';
import { BoundedCache } from '../auth/bounded-cache.ts';
import type { ApiDeps } from '../context.ts';
import { toFault } from '../http/fault.ts';
import { HELP_CALLED, emergencyContacts, immediateResources } from './present-help.ts';

type List = readonly CrisisResource[];

interface Known {
  readonly fresh: BoundedCache<List>;
  readonly last: BoundedCache<List>;
}

const FRESH_MS = 30_000;
const KEPT_MS = 30 * 86_400_000;
const MAX_CLINICS = 1_000;
/** Nobody in need waits longer for the clinic's own list than this. */
const PATIENCE_MS = 800;
const ANYWHERE = '';

const known = new WeakMap<Knex, Known>();

/**
 * Whom people may call besides the clinic: its own list, the list as it was known last while the
 * database doesn't answer, or the product's. Null for a caller of whom no clinic is known. Never throws.
 */
export async function helpLines(
  { knex }: Pick<ApiDeps, 'knex'>,
  clinicId: string | null,
): Promise<List> {
  const lists = listsOf(knex);
  const name = clinicId ?? ANYWHERE;
  const fresh = lists.fresh.get(name);
  if (fresh !== undefined) return fresh;
  const last = lists.last.get(name) ?? DEFAULT_RESOURCES;
  const asked = read(knex, clinicId).then((list) => {
    lists.fresh.set(name, list);
    lists.last.set(name, list);
    return list;
  });
  return Promise.race([asked.catch(() => last), sleep(PATIENCE_MS, last, { ref: false })]);
}

function listsOf(knex: Knex): Known {
  const lists = known.get(knex) ?? {
    fresh: new BoundedCache<List>(MAX_CLINICS, FRESH_MS),
    last: new BoundedCache<List>(MAX_CLINICS, KEPT_MS),
  };
  known.set(knex, lists);
  return lists;
}

async function read(knex: Knex, clinicId: string | null): Promise<List> {
  const id = clinicId ?? (await findDefaultClinic(knex));
  if (id === null) return DEFAULT_RESOURCES;
  const { resources } = await readResources(knex, id);
  return resources.length > 0 ? resources : DEFAULT_RESOURCES;
}

/**
 * The refusal of a cry for help, with the numbers that answer without any token, and with the alert
 * that it raised all the same.
 */
export async function withHelpLines(
  deps: Pick<ApiDeps, 'knex'>,
  principal: Principal | null,
  thrown: unknown,
  alertId: string | null = null,
): Promise<HoldfastError> {
  const { code, message, details } = toFault(thrown);
  const clinicId = principal === null ? null : knownClinic(principal);
  const lines = await helpLines(deps, clinicId);
  const called = alertId === null ? {} : { alertCreated: alertId, immediateActions: HELP_CALLED };
  const help = {
    ...called,
    emergencyContacts: emergencyContacts(lines),
    resources: immediateResources(lines),
  };
  return new HoldfastError(code, message, { ...details, ...help }, thrown);
}
