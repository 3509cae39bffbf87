import { expect } from '@jest/globals';
import type { Knex } from 'knex';

/** What people type, wherever they can; it may come back to whom it is for and to nobody else. */
export const MARK = 'zqxmarkedzqx';

/** The mark as it is, and as bytes are commonly written. */
export function isMarked(content: string | Buffer): boolean {
  const bytes = Buffer.from(content);
  const mark = Buffer.from(MARK);
  const shapes = [mark, Buffer.from(mark.toString('hex')), ...base64Of(mark)];
  return shapes.some((shape) => bytes.includes(shape));
}

/** In base64 a text looks in three ways, by where it begins; its ends depend on its neighbours. */
function base64Of(text: Buffer): Buffer[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), text]).toString('base64');
    return Buffer.from(encoded.slice(before === 0 ? 0 : 4, -4));
  });
}

export function expectUnmarked(content: string | Buffer): void {
  expect(content.length).toBeGreaterThan(100);
  if (isMarked(content)) {
    const text = content.toString();
    const at = text.indexOf(MARK);
    throw new Error(`Marked: ${text.slice(Math.max(0, at - 300), at + 100)}`);
  }
}

/** The tables with a row that shows the mark, or whatever else is looked for. */
export async function markedTables(
  knex: Knex,
  isFound: (line: string) => boolean = isMarked,
): Promise<string[]> {
  const tables: string[] = await knex('pg_tables')
    .where({ schemaname: 'public' })
    .pluck('tablename');
  expect(tables.length).toBeGreaterThan(20);
  const marked = [];
  for (const table of tables) {
    const { rows } = await knex.raw<{ rows: { line: string }[] }>(
      'SELECT line::text AS line FROM ?? AS line',
      [table],
    );
    if (rows.some(({ line }) => isFound(line))) marked.push(table);
  }
  return marked;
}
