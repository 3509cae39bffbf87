import type { Knex } from 'knex';
import type { QuietHours } from '../domain/quiet-hours.ts';

/** How a person wants to be reached. Quiet hours are minutes of the day in the person's own zone. */
export interface NotificationPreferences {
  readonly sms: boolean;
  readonly email: boolean;
  readonly push: boolean;
  readonly quietHours: QuietHours | null;
}

interface PreferencesRow {
  readonly sms: boolean;
  readonly email: boolean;
  readonly push: boolean;
  readonly quiet_from_minute: number | null;
  readonly quiet_to_minute: number | null;
}

const DEFAULTS: NotificationPreferences = {
  sms: true,
  email: true,
  push: false,
  quietHours: null,
};

function preferencesFrom(row: PreferencesRow): NotificationPreferences {
  const { quiet_from_minute: startMinute, quiet_to_minute: endMinute } = row;
  return {
    sms: row.sms,
    email: row.email,
    push: row.push,
    quietHours: startMinute === null || endMinute === null ? null : { startMinute, endMinute },
  };
}

/** A person's wishes; texts and e-mails at any hour where they have said nothing. */
export async function findPreferences(
  db: Knex,
  personId: string,
): Promise<NotificationPreferences> {
  const { rows } = await db.raw<{ rows: PreferencesRow[] }>(
    'SELECT * FROM notification_preferences WHERE person_id = ?',
    [personId],
  );
  return rows[0] === undefined ? DEFAULTS : preferencesFrom(rows[0]);
}

export async function savePreferences(
  trx: Knex.Transaction,
  personId: string,
  preferences: NotificationPreferences,
): Promise<NotificationPreferences> {
  const { rows } = await trx.raw<{ rows: PreferencesRow[] }>(
    `INSERT INTO notification_preferences
       (person_id, sms, email, push, quiet_from_minute, quiet_to_minute)
     VALUES (:personId, :sms, :email, :push, :quietFrom, :quietTo)
     ON CONFLICT (person_id) DO UPDATE SET sms = excluded.sms, email = excluded.email,
       push = excluded.push, quiet_from_minute = excluded.quiet_from_minute,
       quiet_to_minute = excluded.quiet_to_minute, updated_at = now()
     RETURNING *`,
    {
      personId,
      sms: preferences.sms,
      email: preferences.email,
      push: preferences.push,
      quietFrom: preferences.quietHours?.startMinute ?? null,
      quietTo: preferences.quietHours?.endMinute ?? null,
    },
  );
  return preferencesFrom(rows[0]!);
}
