import { cleared, clinicsNote, deleted, kept, place, sealed } from './place.ts';

const CLIENT = 't.client_id = :person';
const THERAPIST = 't.therapist_id = :person';
/** The key of a group's session is that of all its members. */
const ONE_TO_ONE = 't.session_id IN (SELECT id FROM sessions WHERE client_id = :person)';
const OF_NO_ONE_CLIENT = `NOT EXISTS
  (SELECT FROM sessions WHERE id = t.session_id AND client_id IS NOT NULL)`;
const WHEN = 'When it was, with whom and for how much: the books and the other side need it';

/** Appointments and what leads to them. */
export const SESSIONS = [
  place('sessions', {
    section: 'sessions',
    of: CLIENT,
    shown: `id door session_type format specialization therapist_id starts_at ends_at time_zone
      status approval payment price_cents due_cents currency hold_due_at answer_due_at
      payment_due_at proposed_starts_at proposed_ends_at moved_by_others_at missed_deadline cancelled_by attendance
      created_by created_at updated_at service_id location_id authorisation_id`,
    sealed: {
      details: sealed('session', 't.id', 'details'),
      last_reason: sealed('session', 't.id', 'last_reason'),
    },
    hidden: `clinic_id client_id plan proposal_due_at schedule_version version room_code
      workflow_started_at hold_id group_id group_terms`,
    fate: cleared('details last_reason specialization'),
    order: 't.starts_at, t.id',
  }),
  place('sessions', {
    section: 'sessionsGiven',
    of: THERAPIST,
    shown: 'id door session_type format starts_at ends_at time_zone status attendance created_at',
    fate: kept(WHEN),
    order: 't.starts_at, t.id',
  }),
  place('session_revisions', {
    section: 'sessionChanges',
    of: 't.session_id IN (SELECT id FROM sessions WHERE client_id = :person)',
    shown: 'id session_id format created_at applied_at',
    sealed: {
      details: sealed('session', 't.session_id', 'details'),
      reason: sealed('session', 't.session_id', 'last_reason'),
    },
    hidden: 'asked_by therapist_id buffers',
    fate: cleared('details reason'),
  }),
  place('enrolments', {
    section: 'enrolments',
    of: 't.person_id = :person',
    shown: `id session_id state consents status payment due_cents payment_due_at missed_deadline
      cancelled_by attendance alias created_at updated_at`,
    sealed: { last_reason: sealed('session', 't.session_id', 'last_reason', 't.id') },
    hidden: 'person_id version workflow_started_at',
    ownsKeys: ONE_TO_ONE,
    fate: cleared('last_reason'),
  }),
  place('session_events', {
    section: 'sessionEvents',
    of: `t.session_id IN (SELECT id FROM sessions WHERE client_id = :person)
      OR t.enrolment_id IN (SELECT id FROM enrolments WHERE person_id = :person)`,
    shown: 'session_id at kind actor_id data enrolment_id',
    hidden: 'id',
    fate: kept(WHEN),
    order: 't.id',
  }),
  place('session_notes', {
    section: 'sessionNotes',
    of: ONE_TO_ONE,
    shown: 'session_id version author_id written_at signed_at',
    sealed: {
      body: clinicsNote(sealed('session_note', 't.session_id', 'body', 't.version')),
    },
    fate: deleted,
    order: 't.session_id, t.version',
  }),
  place('session_roles', {
    section: 'rolesInSessions',
    of: 't.person_id = :person',
    shown: 'session_id role given_by given_at',
    hidden: 'person_id',
    fate: kept(WHEN),
  }),
  place('breakout_members', {
    of: `t.person_id = :person OR ${ONE_TO_ONE}`,
    hidden: 'session_id person_id breakout_id assigned_at',
    fate: deleted,
  }),
  place('breakout_rooms', {
    of: ONE_TO_ONE,
    hidden: 'id session_id ends_at opened_at closed_at',
    sealed: { name: sealed('room', 't.session_id', 'breakout_name', 't.id') },
    fate: deleted,
  }),
  place('room_commands', {
    of: `t.asked_by = :person OR ${ONE_TO_ONE}`,
    hidden: 'id session_id kind asked_by asked_at',
    sealed: { command: sealed('room', 't.session_id', 'command') },
    ownsKeys: ONE_TO_ONE,
    fate: deleted,
  }),
  place('room_memories', {
    of: `${ONE_TO_ONE} OR t.session_id IN (
      SELECT session_id FROM enrolments WHERE person_id = :person)`,
    hidden: 'session_id epoch written_at',
    sealed: { memory: sealed('room', 't.session_id', 'memory') },
    ownsKeys: ONE_TO_ONE,
    fate: deleted,
  }),
  place('session_chat', {
    section: 'sessionChat',
    of: ONE_TO_ONE,
    shown: 'id session_id sender_id breakout_id at',
    sealed: { words: sealed('session_chat', 't.session_id', 'words', 't.id') },
    hidden: 'clinic_id epoch sequence audience elsewhere recorded_at',
    fate: deleted,
    order: 't.session_id, t.epoch, t.sequence',
  }),
  // A group's words are under one key: of those, one's own go, one by one.
  place('session_chat', {
    section: 'sessionChatInGroups',
    of: `t.sender_id = :person AND ${OF_NO_ONE_CLIENT}`,
    shown: 'id session_id breakout_id at',
    sealed: { words: sealed('session_chat', 't.session_id', 'words', 't.id') },
    ownsKeys: 'false',
    fate: deleted,
    order: 't.session_id, t.epoch, t.sequence',
  }),
  place('session_chat', {
    section: 'sessionChatWithClients',
    of: `t.sender_id = :person AND NOT (${ONE_TO_ONE}) AND NOT (${OF_NO_ONE_CLIENT})`,
    shown: 'id session_id breakout_id at',
    sealed: { words: sealed('session_chat', 't.session_id', 'words', 't.id') },
    ownsKeys: 'false',
    fate: kept('It is part of what a client was told, and of their record'),
    order: 't.session_id, t.epoch, t.sequence',
  }),
  place('room_presence', {
    section: 'timesInRooms',
    of: 't.person_id = :person',
    shown: 'session_id role kind at',
    hidden: 'sequence person_id epoch recorded_at',
    fate: kept('It decided what a session came to, and is append-only'),
    order: 't.session_id, t.sequence',
  }),
  place('session_attendance', {
    section: 'attendance',
    of: 't.person_id = :person',
    shown: `session_id role came_at left_at inside_ms billed_ms billed_from billed_until
      settled_at`,
    hidden: 'person_id',
    fate: kept(WHEN),
    order: 't.came_at, t.session_id',
  }),
  place('room_removals', {
    section: 'removalsFromRooms',
    of: 't.person_id = :person',
    shown: 'session_id removed_by removed_at',
    hidden: 'person_id',
    fate: kept('Whoever was shown out of a room does not read on in what follows it'),
  }),
  place('claims', {
    of: 't.person_id = :person',
    hidden: 'id person_id session_id during slot state expires_at created_at',
    fate: kept(WHEN),
  }),
  place('ratings', {
    section: 'ratings',
    of: 't.person_id = :person',
    shown: 'session_id stars created_at',
    sealed: { comment: sealed('rating', 't.session_id', 'comment', 't.person_id') },
    hidden: 'person_id',
    ownsKeys: ONE_TO_ONE,
    fate: cleared('comment'),
  }),
  place('sends', {
    section: 'remindersAndNotices',
    of: 't.recipient_id = :person',
    shown: 'session_id kind channel state reason due_at sent_at settled_at created_at',
    hidden: 'key recipient_id schedule_version provider_ref',
    fate: cleared('provider_ref'),
    order: 't.created_at, t.key',
  }),
  place('series', {
    section: 'series',
    of: CLIENT,
    shown: `id therapist_id session_type format time_zone starts_on start_minute duration_minutes
      rule dates excluded_dates status approval answer_due_at created_at updated_at`,
    hidden: 'root_id previous_id clinic_id client_id ignores_availability version created_by',
    fate: kept(WHEN),
  }),
  place('series_occurrences', {
    section: 'seriesOccurrences',
    of: 't.series_id IN (SELECT id FROM series WHERE client_id = :person)',
    shown: 'session_id series_id occurs_on agreed_starts_at agreed_ends_at',
    hidden: 'wanted',
    fate: kept(WHEN),
  }),
  place('waitlist_wishes', {
    section: 'waitlist',
    of: CLIENT,
    shown: `id therapist_id specialization session_type format duration_minutes time_zone from_date
      until_date days_of_week start_minute end_minute notice_minutes state created_at ended_at`,
    hidden: 'clinic_id client_id',
    fate: cleared('specialization', {
      ended_at: "CASE state WHEN 'waiting' THEN now() ELSE ended_at END",
      state: "CASE state WHEN 'waiting' THEN 'removed' ELSE state END",
    }),
  }),
  place('offers', {
    section: 'offers',
    of: CLIENT,
    shown:
      'id kind session_id wish_id therapist_id session_starts_at state choices chosen due_at created_at closed_at',
    hidden: 'clinic_id client_id vacancy_id exception_id reason',
    fate: kept(WHEN),
  }),
  place('relationships', {
    section: 'relationships',
    of: `${CLIENT} OR ${THERAPIST}`,
    shown: 'id therapist_id client_id started_at ended_at',
    hidden: 'clinic_id created_by',
    fate: cleared('', { ended_at: 'coalesce(ended_at, now())' }),
  }),
  place('session_preparations', {
    section: 'preparations',
    of: 't.person_id = :person',
    shown: 'id session_id purpose title questionnaire_type material_id created_at completed_at',
    hidden: 'clinic_id person_id due_offset_ms',
    fate: deleted,
  }),
  place('insurance_authorisations', {
    section: 'insuranceAuthorisations',
    of: CLIENT,
    shown: 'id payer number valid_from valid_to sessions_granted sessions_used created_at',
    hidden: 'client_id',
    // What was billed is in the books; under which number of the person's is not needed there.
    fate: cleared('', { number: 'id::text' }),
  }),
  place('coverage_checks', {
    section: 'coverageChecks',
    of: CLIENT,
    shown: 'id session_id payer status copay_cents checked_at',
    sealed: { member: sealed('session', 't.session_id', 'member', 't.id') },
    hidden: 'client_id',
    ownsKeys: ONE_TO_ONE,
    fate: cleared('member'),
  }),
  place('webhook_deliveries', {
    of: CLIENT,
    hidden: `id webhook_id outbox_id session_id client_id event_type body state attempts due_at
      status_code last_error last_attempt_at delivered_at created_at`,
    fate: deleted,
  }),
];
