import type { Knex } from 'knex';
import type { FieldCipher, SealedField } from '../../crypto/field-cipher.ts';
import { EXPORTED } from './inventory.ts';
import type { Place, SealedColumn } from './place.ts';

/** A row as the person may read it: names in camel case, sealed texts opened. */
export type ExportedRow = Record<string, unknown>;

export interface ExportedSection {
  readonly name: string;
  /** The texts that are withheld, as the clinic's own notes. */
  readonly withheld: readonly string[];
  rows(): AsyncGenerator<ExportedRow>;
}

export interface ExportWish {
  readonly personId: string;
  /** Also what helpers noted for themselves and each other. */
  readonly withClinicsNotes: boolean;
}

const BATCH = 100;

/**
 * Everything that is held of a person, section by section, as of one instant: `trx` is a read-only
 * transaction that reads repeatably. A hundred rows at a time are in memory.
 */
export function* exportSections(
  trx: Knex.Transaction,
  cipher: FieldCipher,
  wish: ExportWish,
): Generator<ExportedSection> {
  for (const place of EXPORTED) {
    const sealed = Object.entries(place.sealed);
    const isShown = ([, column]: readonly [string, SealedColumn]): boolean =>
      wish.withClinicsNotes || column.isClinicsNote !== true;
    const opened = sealed.filter(isShown);
    yield {
      name: place.section!,
      withheld: sealed.filter((entry) => !isShown(entry)).map(([name]) => camelCase(name)),
      rows: () => rowsOf(trx, cipher, { place, opened, personId: wish.personId }),
    };
  }
}

interface Reading {
  readonly place: Place;
  readonly opened: readonly (readonly [string, SealedColumn])[];
  readonly personId: string;
}

async function* rowsOf(
  trx: Knex.Transaction,
  cipher: FieldCipher,
  reading: Reading,
): AsyncGenerator<ExportedRow> {
  await trx.raw(`DECLARE exported NO SCROLL CURSOR FOR ${selectOf(reading)}`, {
    person: reading.personId,
  });
  for (;;) {
    const { rows } = await trx.raw<{ rows: Record<string, unknown>[] }>(
      `FETCH ${BATCH} FROM exported`,
    );
    yield* await openRows(trx, cipher, reading, rows);
    if (rows.length < BATCH) break;
  }
  await trx.raw('CLOSE exported');
}

function selectOf({ place, opened }: Reading): string {
  const shown = place.shown.map((name) => `t.${name}`);
  const sealed = opened.flatMap(([name, { objectId, rowId }], at) => [
    `t.${name}`,
    `${objectId} AS object_${at}`,
    `${rowId ?? 'NULL'}::text AS row_${at}`,
  ]);
  return `SELECT ${[...shown, ...sealed].join(', ')} FROM ${place.table} t
    WHERE ${place.of} ORDER BY ${place.order}`;
}

async function openRows(
  trx: Knex,
  cipher: FieldCipher,
  { place, opened }: Reading,
  rows: readonly Record<string, unknown>[],
): Promise<ExportedRow[]> {
  const fields: SealedField[] = [];
  const exported = rows.map((row) => {
    const shown: [string, unknown][] = place.shown.map((name) => [camelCase(name), row[name]]);
    return Object.fromEntries(shown);
  });
  const settings: ((text: string) => void)[] = [];
  for (const [place_, row] of rows.entries()) {
    for (const [at, [name, column]] of opened.entries()) {
      const sealed = row[name] as Buffer | null;
      if (sealed === null) continue;
      const rowId = row[`row_${at}`] as string | null;
      const ref = { ...column, objectId: row[`object_${at}`] as string };
      fields.push({
        ref: {
          purpose: ref.purpose,
          objectId: ref.objectId,
          column: ref.column,
          ...(rowId === null ? {} : { rowId }),
        },
        sealed,
      });
      settings.push((text) => {
        exported[place_]![camelCase(name)] = readText(text);
      });
    }
  }
  const texts = fields.length === 0 ? [] : await cipher.openFields(trx, fields);
  for (const [at, text] of texts.entries()) settings[at]!(text);
  return exported;
}

/** What was sealed as JSON is shown as such; a text stays a text. */
function readText(text: string): unknown {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}
