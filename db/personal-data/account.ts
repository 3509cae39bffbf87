import { cleared, deleted, kept, place, sealed } from './place.ts';

const OWN = 't.person_id = :person';

/** Who somebody is. The last to be erased: other rows are found by what it says. */
export const PERSON = place('people', {
  section: 'profile',
  of: 't.id = :person',
  shown: `id role username email first_name last_name preferred_name date_of_birth age phone
      phone_verified_at time_zone language preferences email_verified_at verified_at suspended_at
      terms_agreed_at privacy_agreed_at is_anonymous last_login_at created_at updated_at erased_at`,
  sealed: {
    emergency_contact: sealed('person', 't.id', 'emergency_contact'),
    bio: sealed('person', 't.id', 'bio'),
  },
  hidden: 'clinic_id password_hash stripe_customer_id',
  fate: cleared(
    `username email password_hash preferred_name date_of_birth age phone phone_verified_at
       emergency_contact bio email_verified_at verified_at stripe_customer_id last_login_at`,
    {
      first_name: "''",
      last_name: "''",
      time_zone: "'UTC'",
      language: "'en'",
      preferences: "'{}'",
      suspended_at: 'coalesce(suspended_at, now())',
      erased_at: 'coalesce(erased_at, now())',
      updated_at: 'now()',
    },
  ),
});

/** How somebody is reached, and how they come in. */
export const ACCOUNT = [
  place('notification_preferences', {
    section: 'notificationPreferences',
    of: OWN,
    shown: 'sms email push quiet_from_minute quiet_to_minute updated_at',
    hidden: 'person_id',
    fate: deleted,
  }),
  place('sms_opt_outs', {
    section: 'textMessageOptOuts',
    of: `t.phone IN (SELECT phone FROM people WHERE id = :person
      UNION SELECT phone FROM phone_verifications WHERE person_id = :person)
      AND NOT EXISTS (SELECT FROM people other WHERE other.phone = t.phone AND other.id <> :person)`,
    shown: 'phone opted_out_at',
    fate: deleted,
  }),
  place('phone_verifications', {
    section: 'phones',
    of: OWN,
    shown: 'id phone channel expires_at confirmed_at created_at',
    hidden: 'person_id code_hash spoken_code attempts',
    fate: deleted,
  }),
  place('foreign_identities', {
    section: 'linkedAccounts',
    of: OWN,
    shown: 'issuer subject linked_at',
    hidden: 'person_id',
    fate: deleted,
  }),
  place('token_families', {
    section: 'signIns',
    of: OWN,
    shown: 'id created_at revoked_at revoked_because',
    hidden: 'person_id',
    fate: cleared('', {
      revoked_at: 'coalesce(revoked_at, now())',
      revoked_because: "coalesce(revoked_because, 'erased')",
    }),
  }),
  place('refresh_tokens', {
    of: 't.family_id IN (SELECT id FROM token_families WHERE person_id = :person)',
    hidden: 'token_hash family_id issued_at expires_at used_at',
    fate: deleted,
  }),
  place('one_time_tokens', {
    of: OWN,
    hidden: 'token_hash person_id purpose expires_at used_at',
    fate: deleted,
  }),
  place('anonymous_sessions', {
    of: OWN,
    hidden: 'person_id secret_hash created_at last_used_at',
    fate: deleted,
  }),
  place('presence', {
    section: 'presence',
    of: OWN,
    shown: 'is_online changed_at absent_since',
    hidden: 'person_id',
    fate: deleted,
  }),
  place('presence_leases', { of: OWN, hidden: 'person_id process_id', fate: deleted }),
  place('support_helpers_seen', { of: OWN, hidden: 'person_id seen_at', fate: deleted }),
  place('idempotency_keys', {
    of: 't.caller = :person::text',
    hidden: 'caller route key body_hash object_id status response locked_until created_at',
    fate: deleted,
  }),
  place('calendar_feeds', {
    section: 'calendarFeeds',
    of: OWN,
    shown: `id kind source_host last_read_at last_error failing_since skipped_events created_at
      revoked_at`,
    sealed: { source_url: sealed('calendar_feed', 't.id', 'source_url') },
    hidden: `clinic_id person_id token_hash etag last_modified read_in_full_at next_read_at
      last_attempt_at`,
    fate: cleared('token_hash source_url source_host etag last_modified next_read_at last_error', {
      revoked_at: 'coalesce(revoked_at, now())',
    }),
  }),
  place('external_busy', {
    section: 'busyTimesOfOtherCalendars',
    of: OWN,
    shown: 'feed_id during',
    hidden: 'person_id',
    fate: deleted,
  }),
  place('audit_entries', {
    section: 'accessesToYourData',
    of: 't.subject_id = :person',
    shown: 'at actor_id actor_role action object_type object_id outcome',
    hidden: 'id xid clinic_id subject_id request_id changes',
    order: 't.at, t.id',
    fate: kept('The record is append-only by law and by seal, and holds ids and codes alone'),
  }),
  place('erasures', {
    section: 'erasure',
    of: OWN,
    shown: 'reason asked_at finished_at',
    hidden: 'person_id clinic_id asked_by files',
    fate: kept('That somebody was erased, by whom and why, has to be shown later'),
  }),
];
