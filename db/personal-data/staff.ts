import { cleared, deleted, place, sealed } from './place.ts';

/** What a therapist works by. */
export const STAFF = [
  place('availability_rules', {
    section: 'weeklyHours',
    of: 't.therapist_id = :person',
    shown: 'id day_of_week start_minute end_minute is_available created_at updated_at',
    sealed: { notes: sealed('availability', 't.therapist_id', 'notes', 't.id') },
    hidden: 'therapist_id',
    fate: deleted,
  }),
  place('availability_exceptions', {
    section: 'timeOff',
    of: 't.therapist_id = :person',
    shown: 'id kind start_date end_date start_minute end_minute created_at',
    sealed: { reason: sealed('availability', 't.therapist_id', 'reason', 't.id') },
    hidden: 'therapist_id created_by during',
    fate: deleted,
  }),
  place('therapist_profiles', {
    section: 'therapistProfile',
    of: 't.person_id = :person',
    shown: `display_name verified_at accepts_clients time_zone accepts_automatically
      buffer_before_minutes buffer_after_minutes minimum_notice_minutes durations_minutes
      session_types session_formats specializations languages insurers rates_cents
      is_crisis_therapist is_on_call rating_sum rating_count completed_sessions updated_at`,
    hidden: 'person_id clinic_id version',
    fate: cleared('verified_at', {
      display_name: "''",
      accepts_clients: 'false',
      is_crisis_therapist: 'false',
      is_on_call: 'false',
      specializations: "'{}'",
      insurers: "'{}'",
      languages: "'{}'",
      rates_cents: "'{}'",
      updated_at: 'now()',
    }),
  }),
  place('roster_overrides', {
    section: 'rosterOverrides',
    of: 't.person_id = :person OR t.instead_of = :person',
    shown: 'id roster_id person_id instead_of starts_at ends_at created_at',
    hidden: 'position created_by',
    fate: { kind: 'kept', because: 'Who was on call when, by a number that leads to nobody' },
  }),
];
