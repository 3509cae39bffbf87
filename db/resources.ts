import { createHash } from 'node:crypto';
import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import { DEFAULT_RESOURCES } from '../domain/resources.ts';
import type { CrisisResource } from '../domain/resources.ts';
import { CrisisResourceModel, RESOURCE_COLUMNS } from './models/crisis-resource.ts';

export interface ListedResource extends CrisisResource {
  readonly id: string;
}

export interface ResourceList {
  readonly resources: readonly ListedResource[];
  /** 0 while the clinic has made no list of its own: then it is the default. */
  readonly version: number;
}

/** Where a clinic's people find help, in its own order. */
export async function readResources(db: Knex, clinicId: string): Promise<ResourceList> {
  const list = await db('resource_lists').where({ clinic_id: clinicId }).first('version');
  if (list === undefined) return { resources: DEFAULT_RESOURCES.map(withId), version: 0 };
  const rows = await CrisisResourceModel.query(db)
    .where({ clinic_id: clinicId })
    .select(RESOURCE_COLUMNS)
    .orderBy('position');
  return { resources: rows.map(fromRow), version: list.version };
}

/** A default has the same id everywhere and always, so that clients may keep it. */
function withId(resource: CrisisResource): ListedResource {
  const hash = createHash('sha256').update(resource.title).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`];
  return { id: `${parts.join('-')}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`, ...resource };
}

/** Replaces a clinic's list. Throws `version_conflict` where somebody was faster. */
export async function replaceResources(
  trx: Knex.Transaction,
  change: {
    readonly clinicId: string;
    readonly resources: readonly ListedResource[];
    readonly expectedVersion: number | null;
    readonly changedBy: string | null;
  },
): Promise<ResourceList> {
  const { clinicId, resources, expectedVersion, changedBy } = change;
  await trx.raw('SELECT FROM clinics WHERE id = ? FOR NO KEY UPDATE', [clinicId]);
  const { version } = await readResources(trx, clinicId);
  if (expectedVersion !== null && expectedVersion !== version) {
    throw new HoldfastError('version_conflict', 'Somebody has changed the list meanwhile', {
      currentVersion: version,
    });
  }
  await trx.raw(
    `INSERT INTO resource_lists (clinic_id, version, updated_by) VALUES (?, 1, ?)
     ON CONFLICT (clinic_id) DO UPDATE SET version = resource_lists.version + 1,
       updated_by = excluded.updated_by, updated_at = now()`,
    [clinicId, changedBy],
  );
  await CrisisResourceModel.query(trx).delete().where({ clinic_id: clinicId });
  const rows = resources.map(({ text: textLine, ...rest }, position) => ({
    ...rest,
    languages: [...rest.languages],
    textLine,
    clinicId,
    position,
  }));
  if (rows.length > 0) await CrisisResourceModel.query(trx).insert(rows);
  return readResources(trx, clinicId);
}

function fromRow(row: CrisisResourceModel): ListedResource {
  return {
    id: row.id,
    kind: row.kind,
    title: row.title,
    description: row.description,
    phone: row.phone,
    text: row.textLine,
    website: row.website,
    available: row.available,
    languages: row.languages,
    population: row.population,
    country: row.country,
    location: row.location,
    latitude: row.latitude,
    longitude: row.longitude,
    reviewedOn: row.reviewedOn,
    reviewDueOn: row.reviewDueOn,
  };
}
