import type { Knex } from 'knex';
import { assertNever } from '../../domain/assert-never.ts';
import { HoldfastError } from '../../domain/errors.ts';
import { INVENTORY } from './inventory.ts';
import type { Place } from './place.ts';

export const ERASURE_REASONS = [
  'person_asked',
  'consent_withdrawn',
  'no_longer_needed',
  'unlawful',
  'legal_obligation',
] as const;
export type ErasureReason = (typeof ERASURE_REASONS)[number];

export interface Erasure {
  readonly personId: string;
  readonly reason: ErasureReason;
  readonly askedBy: string | null;
  readonly askedAt: Date;
  /** Files that are still to be removed from the store. */
  readonly files: readonly string[];
  /** Null while files are left. */
  readonly finishedAt: Date | null;
}

const COLUMNS = `person_id AS "personId", reason, asked_by AS "askedBy", asked_at AS "askedAt",
  files, finished_at AS "finishedAt"`;

/**
 * Whoever begins something for the person meanwhile waits for this, and is refused then. Throws
 * `forbidden` for an admin who is none any more: of two who erase each other one is first.
 */
export async function lockForErasure(
  trx: Knex.Transaction,
  { personId, askedBy }: { readonly personId: string; readonly askedBy: string },
): Promise<void> {
  const { rows } = await trx.raw<{ rows: { id: string; may: boolean }[] }>(
    `SELECT id, role = 'admin' AND suspended_at IS NULL AS may FROM people
     WHERE id = ANY (?) ORDER BY id FOR UPDATE`,
    [[personId, askedBy]],
  );
  if (rows.find(({ id }) => id === askedBy)?.may !== true) {
    throw new HoldfastError('forbidden', 'This is not for your role');
  }
}

/**
 * Erases all that the inventory names, in the caller's transaction, and notes which files have to be
 * removed after its commit. The first reason stands, however often it is asked for.
 */
export async function erasePersonalData(
  trx: Knex.Transaction,
  wish: {
    readonly personId: string;
    readonly clinicId: string;
    readonly askedBy: string;
    readonly reason: ErasureReason;
  },
): Promise<Erasure> {
  const { personId } = wish;
  await trx.raw(`SELECT set_config('holdfast.erases', ?, true)`, [personId]);
  const files = await filesOf(trx, personId);
  await destroyKeys(trx, personId);
  for (const place of INVENTORY) await erase(trx, place, personId);
  await trx.raw(`SELECT pg_notify('holdfast_access', ?)`, [`person:${personId}`]);
  const { rows } = await trx.raw<{ rows: [Erasure] }>(
    `INSERT INTO erasures AS known (person_id, clinic_id, reason, asked_by, files)
     VALUES (:personId, :clinicId, :reason, :askedBy, :files)
     ON CONFLICT (person_id) DO UPDATE SET files = known.files || excluded.files,
       finished_at = CASE cardinality(known.files || excluded.files)
         WHEN 0 THEN known.finished_at END
     RETURNING ${COLUMNS}`,
    { ...wish, files },
  );
  return rows[0];
}

/** Where a row is a file, its id being the file's. */
const FILES = new Set(['chat_attachments', 'recording_tracks']);

/** Of the attachments and the recordings that go. */
async function filesOf(trx: Knex, personId: string): Promise<string[]> {
  const files: string[] = [];
  for (const { table, of, fate } of INVENTORY) {
    if (!FILES.has(table) || fate.kind !== 'deleted') continue;
    const { rows } = await trx.raw<{ rows: { id: string }[] }>(
      `SELECT id FROM ${table} t WHERE ${of}`,
      { person: personId },
    );
    files.push(...rows.map(({ id }) => id));
  }
  return files;
}

/** Before any row goes, since the rows tell whose keys they are. */
async function destroyKeys(trx: Knex, personId: string): Promise<void> {
  for (const place of INVENTORY) {
    const owners = new Set(
      Object.values(place.sealed).map(({ purpose, objectId }) => `'${purpose}', ${objectId}`),
    );
    for (const owner of owners) {
      await trx.raw(
        `DELETE FROM data_keys WHERE (purpose, object_id) IN
           (SELECT ${owner} FROM ${place.table} t WHERE (${place.of}) AND (${place.ownsKeys}))`,
        { person: personId },
      );
    }
  }
}

async function erase(trx: Knex, { table, of, fate }: Place, personId: string): Promise<void> {
  switch (fate.kind) {
    case 'deleted':
      await trx.raw(`DELETE FROM ${table} t WHERE ${of}`, { person: personId });
      return;
    case 'cleared': {
      const columns = Object.entries(fate.to).map(([column, to]) => `${column} = ${to}`);
      await trx.raw(`UPDATE ${table} t SET ${columns.join(', ')} WHERE ${of}`, {
        person: personId,
      });
      return;
    }
    case 'kept':
      return;
    default:
      assertNever(fate);
  }
}

/** Erasures whose files a crash has left in the store. */
export async function unfinishedErasures(db: Knex): Promise<Erasure[]> {
  const { rows } = await db.raw<{ rows: Erasure[] }>(
    `SELECT ${COLUMNS} FROM erasures WHERE finished_at IS NULL ORDER BY asked_at LIMIT 100`,
  );
  return rows;
}

/** Notes that these files are gone; the erasure is finished when none is left. */
export async function finishErasure(
  db: Knex,
  personId: string,
  removed: readonly string[],
): Promise<Erasure | null> {
  const { rows } = await db.raw<{ rows: Erasure[] }>(
    `UPDATE erasures SET
       files = ARRAY(SELECT file FROM unnest(files) AS file WHERE file <> ALL (:removed::uuid[])),
       finished_at = CASE WHEN files <@ :removed::uuid[] THEN coalesce(finished_at, now()) END
     WHERE person_id = :personId RETURNING ${COLUMNS}`,
    { personId, removed: [...removed] },
  );
  return rows[0] ?? null;
}
