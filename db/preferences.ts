import type { Knex } from 'knex';
import { HoldfastError } from '../domain/errors.ts';
import type { QuietHours } from '../domain/quiet-hours.ts';

/** How a person wants to be reached. Quiet hours are minutes of the day in the person's own zone. */
export interface NotificationPreferences {
  readonly sms: boolean;
  readonly email: boolean;
  readonly push: boolean;
  readonly quietHours: QuietHours | null;
}

export interface PersonalPreferences extends NotificationPreferences {
  /** The person's own IANA zone, which quiet hours are in. */
  readonly timeZone: string;
  /** The person has answered a text with STOP. */
  readonly smsStopped: boolean;
}

interface PreferencesRow {
  readonly sms: boolean;
  readonly email: boolean;
  readonly push: boolean;
  readonly quiet_from_minute: number | null;
  readonly quiet_to_minute: number | null;
  readonly time_zone: string;
  readonly sms_stopped: boolean;
}

/** A person's wishes; texts and e-mails at any hour where they have said nothing. */
export async function findPreferences(db: Knex, personId: string): Promise<PersonalPreferences> {
  const { rows } = await db.raw<{ rows: PreferencesRow[] }>(
    `SELECT coalesce(wish.sms, true) AS sms, coalesce(wish.email, true) AS email,
       coalesce(wish.push, false) AS push, wish.quiet_from_minute, wish.quiet_to_minute,
       person.time_zone, stopped.phone IS NOT NULL AS sms_stopped
     FROM people person
     LEFT JOIN notification_preferences wish ON wish.person_id = person.id
     LEFT JOIN sms_opt_outs stopped ON stopped.phone = person.phone
     WHERE person.id = ?`,
    [personId],
  );
  if (rows[0] === undefined) throw new HoldfastError('not_found', 'There is no such person');
  const { quiet_from_minute: startMinute, quiet_to_minute: endMinute, ...row } = rows[0];
  return {
    sms: row.sms,
    email: row.email,
    push: row.push,
    quietHours: startMinute === null || endMinute === null ? null : { startMinute, endMinute },
    timeZone: row.time_zone,
    smsStopped: row.sms_stopped,
  };
}

export async function savePreferences(
  trx: Knex.Transaction,
  personId: string,
  preferences: NotificationPreferences,
): Promise<void> {
  await trx.raw(
    `INSERT INTO notification_preferences
       (person_id, sms, email, push, quiet_from_minute, quiet_to_minute)
     VALUES (:personId, :sms, :email, :push, :quietFrom, :quietTo)
     ON CONFLICT (person_id) DO UPDATE SET sms = excluded.sms, email = excluded.email,
       push = excluded.push, quiet_from_minute = excluded.quiet_from_minute,
       quiet_to_minute = excluded.quiet_to_minute, updated_at = now()`,
    {
      personId,
      sms: preferences.sms,
      email: preferences.email,
      push: preferences.push,
      quietFrom: preferences.quietHours?.startMinute ?? null,
      quietTo: preferences.quietHours?.endMinute ?? null,
    },
  );
}
