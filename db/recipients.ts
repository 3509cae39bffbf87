import type { Knex } from 'knex';
import type { Channel } from '../domain/plan.ts';
import type { QuietHours } from '../domain/quiet-hours.ts';

/** How a person can be reached, by their own wishes. */
export interface Recipient {
  readonly personId: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly zone: string;
  readonly language: string;
  /** The channels that reach the person and that they have not switched off. */
  readonly channels: readonly Channel[];
  readonly quietHours: QuietHours | null;
}

interface RecipientRow {
  id: string;
  email: string | null;
  phone: string | null;
  time_zone: string;
  language: string;
  may_sms: boolean;
  may_email: boolean;
  quiet_from_minute: number | null;
  quiet_to_minute: number | null;
}

const RECIPIENTS = `
  SELECT people.id, people.email, people.phone, people.time_zone, people.language,
    coalesce(wishes.sms, true) AND sms_opt_outs.phone IS NULL AS may_sms,
    coalesce(wishes.email, true) AS may_email,
    wishes.quiet_from_minute, wishes.quiet_to_minute
  FROM people
    LEFT JOIN notification_preferences wishes ON wishes.person_id = people.id
    LEFT JOIN sms_opt_outs ON sms_opt_outs.phone = people.phone`;

export async function findRecipient(knex: Knex, personId: string): Promise<Recipient | null> {
  const result = await knex.raw(`${RECIPIENTS} WHERE people.id = ?`, [personId]);
  const row: RecipientRow | undefined = result.rows[0];
  return row === undefined ? null : recipientOf(row);
}

/** The members of a session who are expected to come. */
export async function recipientsOfSession(knex: Knex, sessionId: string): Promise<Recipient[]> {
  const result = await knex.raw(
    `${RECIPIENTS} JOIN enrolments ON enrolments.person_id = people.id
     WHERE enrolments.session_id = ? AND enrolments.state IN ('reserved', 'confirmed')
     ORDER BY people.id`,
    [sessionId],
  );
  return result.rows.map(recipientOf);
}

function recipientOf(row: RecipientRow): Recipient {
  const channels: Channel[] = [];
  if (row.may_sms && row.phone !== null) channels.push('sms');
  if (row.may_email && row.email !== null) channels.push('email');
  const hasQuietHours = row.quiet_from_minute !== null && row.quiet_to_minute !== null;
  return {
    personId: row.id,
    email: row.email,
    phone: row.phone,
    zone: row.time_zone,
    language: row.language,
    channels,
    quietHours: hasQuietHours
      ? { startMinute: row.quiet_from_minute!, endMinute: row.quiet_to_minute! }
      : null,
  };
}
