import type { Knex } from 'knex';
import { v7 as newId } from 'uuid';
import type { PageChannel } from '../domain/escalation-policy.ts';

export type PageState =
  'sending' | 'sent' | 'delivered' | 'failed' | 'unanswered' | 'answered' | 'stopped';

/** One person, one channel, one round of one sender. */
export interface PageRef {
  readonly alertId: string;
  readonly sentBy: 'workflow' | 'auditor';
  readonly batch: number;
  readonly personId: string;
  readonly channel: PageChannel;
}

const THIS_PAGE = `alert_id = :alertId AND sent_by = :sentBy AND batch = :batch
  AND person_id = :personId AND channel = :channel`;

export interface NewPage extends PageRef {
  readonly tier: number;
  /** The digest of what a text's reader sends back; null for other channels. */
  readonly codeHash: Buffer | null;
}

export interface OpenedPage {
  readonly state: PageState;
  /** False where it had been written down before. */
  readonly isNew: boolean;
  readonly providerId: string | null;
  /** The person's verified phone; null without one, and for a socket. */
  readonly phone: string | null;
}

/** Writes a page down before it goes out. One that is sent again is told as it stands. */
export async function openPage(db: Knex, page: NewPage): Promise<OpenedPage> {
  const { rows } = await db.raw<{ rows: OpenedPage[] }>(
    `WITH page AS (
       INSERT INTO crisis_pages AS page
         (id, alert_id, sent_by, batch, tier, person_id, channel, state, code_hash)
       VALUES (:id, :alertId, :sentBy, :batch, :tier, :personId, :channel, 'sending', :codeHash)
       ON CONFLICT (alert_id, sent_by, batch, person_id, channel)
       DO UPDATE SET code_hash = coalesce(page.code_hash, excluded.code_hash)
       RETURNING state, provider_id, person_id, xmax = 0 AS is_new)
     SELECT page.state, page.is_new AS "isNew", page.provider_id AS "providerId", person.phone
     FROM page LEFT JOIN people AS person ON person.id = page.person_id
       AND person.phone_verified_at IS NOT NULL AND person.suspended_at IS NULL`,
    { ...page, id: newId() },
  );
  return rows[0]!;
}

/** The page is out, and somebody may hear it. How the page stands then. */
export async function markSent(
  db: Knex,
  page: PageRef,
  providerId: string | null,
): Promise<PageState> {
  const { rows } = await db.raw<{ rows: { state: PageState }[] }>(
    pagedWith(
      `provider_id = :providerId, state = CASE WHEN state = 'sending' THEN 'sent' ELSE state END`,
      'first_page_at = coalesce(first_page_at, clock_timestamp()), last_page_at = clock_timestamp()',
    ),
    { ...page, providerId },
  );
  return rows[0]!.state;
}

/**
 * The page is out and nobody is there to hear it: at no moment does it look as if somebody might,
 * though the alert is not neglected.
 */
export async function markUnheard(db: Knex, page: PageRef, errorCode: string): Promise<void> {
  await db.raw(
    pagedWith(
      `state = CASE WHEN state = 'sending' THEN 'unanswered' ELSE state END,
        error_code = :errorCode, settled_at = coalesce(settled_at, clock_timestamp())`,
      'last_page_at = clock_timestamp()',
    ),
    { ...page, errorCode },
  );
}

function pagedWith(page: string, alert: string): string {
  return `WITH page AS (UPDATE crisis_pages SET ${page} WHERE ${THIS_PAGE} RETURNING state),
    alert AS (UPDATE crisis_alerts SET ${alert} WHERE id = :alertId)
    SELECT state FROM page`;
}

/** What a page came to; the first word on it stands, but for a text that was delivered before. */
export async function settlePage(
  db: Knex,
  page: PageRef,
  state: PageState,
  errorCode: string | null = null,
): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `UPDATE crisis_pages SET state = :state, error_code = coalesce(:errorCode, error_code),
       settled_at = clock_timestamp()
     WHERE ${THIS_PAGE} AND state IN ('sending', 'sent', 'delivered') AND state <> :state
     RETURNING id`,
    { ...page, state, errorCode },
  );
  return rows.length > 0;
}

/** Calls of an alert that may still ring, and its other pages, are over. The calls' names. */
export async function stopOpenPages(db: Knex, alertId: string): Promise<string[]> {
  const { rows } = await db.raw<{ rows: { channel: string; providerId: string | null }[] }>(
    `UPDATE crisis_pages SET state = 'stopped', settled_at = clock_timestamp()
     WHERE alert_id = ? AND state IN ('sending', 'sent')
     RETURNING channel, provider_id AS "providerId"`,
    [alertId],
  );
  return rows.flatMap(({ channel, providerId }) =>
    channel === 'voice' && providerId !== null ? [providerId] : [],
  );
}

export interface CodedPage {
  readonly alertId: string;
  readonly personId: string;
  readonly batch: number;
  readonly sentBy: 'workflow' | 'auditor';
}

/** Pages by text whose code somebody has sent back from a person's verified phone, newest first. */
export async function findCodedPages(
  db: Knex,
  phone: string,
  digestsOf: (personId: string) => Promise<readonly Buffer[]>,
): Promise<CodedPage[]> {
  const { rows: people } = await db.raw<{ rows: { id: string }[] }>(
    `SELECT id FROM people WHERE phone = ? AND phone_verified_at IS NOT NULL
       AND suspended_at IS NULL LIMIT 10`,
    [phone],
  );
  const found: CodedPage[] = [];
  for (const { id } of people) {
    const { rows } = await db.raw<{ rows: CodedPage[] }>(
      `SELECT alert_id AS "alertId", person_id AS "personId", batch, sent_by AS "sentBy"
       FROM crisis_pages WHERE person_id = ? AND code_hash = ANY (?) AND channel = 'sms'
       ORDER BY created_at DESC LIMIT 5`,
      [id, [...(await digestsOf(id))]],
    );
    found.push(...rows);
  }
  return found;
}

/** Whether a phone is one by which the clinic pages somebody. */
export async function isPagedPhone(db: Knex, phone: string): Promise<boolean> {
  const { rows } = await db.raw<{ rows: unknown[] }>(
    `SELECT FROM people WHERE phone = ? AND phone_verified_at IS NOT NULL
       AND suspended_at IS NULL AND role <> 'patient' LIMIT 1`,
    [phone],
  );
  return rows.length > 0;
}

/** Pages that went out while the record was away. */
export async function insertSentPages(
  db: Knex,
  pages: readonly (NewPage & { readonly providerId: string | null })[],
): Promise<void> {
  for (const page of pages) {
    await openPage(db, page);
    await markSent(db, page, page.providerId);
  }
}

/** A text to whoever has an alert never goes out: they may not know what is asked of them. */
export async function noteRefusedText(
  db: Knex,
  text: { readonly alertId: string; readonly holderId: string; readonly code: string },
): Promise<void> {
  const { alertId, ...data } = text;
  await db.raw(
    `INSERT INTO crisis_events (alert_id, kind, data) VALUES (?, 'holder_text_refused', ?::jsonb)`,
    [alertId, JSON.stringify(data)],
  );
}

export interface PagedAlert {
  readonly number: string;
  readonly status: string;
  readonly holderId: string | null;
  readonly isDrill: boolean;
}

/** How a page's alert stands, for whoever picks up the phone. Null for an unknown one. */
export async function findPagedAlert(db: Knex, alertId: string): Promise<PagedAlert | null> {
  const { rows } = await db.raw<{ rows: PagedAlert[] }>(
    `SELECT number, status, holder_id AS "holderId", is_drill AS "isDrill"
     FROM crisis_alerts WHERE id = ?`,
    [alertId],
  );
  return rows[0] ?? null;
}
