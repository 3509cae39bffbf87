import type { Knex } from 'knex';

export interface OutstandingPage {
  readonly personId: string;
  readonly alertId: string;
  readonly batch: number;
  readonly tier: number;
}

/** Of those people's alerts that nobody has taken, the newest page to each through their sockets. */
export async function outstandingPages(
  db: Knex,
  personIds: readonly string[],
): Promise<readonly OutstandingPage[]> {
  const { rows } = await db.raw<{ rows: OutstandingPage[] }>(
    `SELECT DISTINCT ON (page.alert_id, page.person_id) page.person_id AS "personId",
       page.alert_id AS "alertId", page.batch, page.tier
     FROM crisis_alerts AS alert JOIN crisis_pages AS page ON page.alert_id = alert.id
     WHERE alert.status = 'paging' AND page.channel = 'socket' AND page.person_id = ANY(?::uuid[])
     ORDER BY page.alert_id, page.person_id, page.batch DESC`,
    [[...personIds]],
  );
  return rows;
}
