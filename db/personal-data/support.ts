import { cleared, clinicsNote, deleted, kept, place, sealed } from './place.ts';

const OWN_TALKS =
  '(SELECT id FROM support_sessions WHERE patient_id = :person AND NOT is_chat_room)';
const OWN_MESSAGES = `(SELECT id FROM chat_messages WHERE session_id IN ${OWN_TALKS})`;
/** Rooms that several share, under one key: of those a person's own words go, one by one. */
const ROOMS = `(SELECT room.id FROM support_sessions room
  JOIN support_participants member ON member.session_id = room.id
  WHERE room.is_chat_room AND member.person_id = :person)`;
const SAID_IN_ROOMS = `(SELECT id FROM chat_messages
  WHERE sender_id = :person AND session_id IN ${ROOMS})`;
const TALKS_OF_OTHERS = `t.session_id NOT IN ${OWN_TALKS} AND t.session_id NOT IN ${ROOMS}
  AND t.session_id IN (SELECT session_id FROM support_participants WHERE person_id = :person)`;
const CONVERSATION_OF = '(SELECT session_id FROM chat_messages said WHERE said.id = t.message_id)';
const OF_OTHERS = 'It is part of what another person was told, and of their record';

/** What somebody said in rooms that they shared with others. */
const IN_ROOMS = [
  place('chat_reactions', {
    section: 'reactionsInRooms',
    of: `t.message_id IN ${SAID_IN_ROOMS} OR t.person_id = :person AND t.message_id IN
      (SELECT id FROM chat_messages WHERE session_id IN ${ROOMS})`,
    shown: 'message_id person_id reaction created_at',
    fate: deleted,
  }),
  place('chat_attachments', {
    section: 'attachmentsInRooms',
    of: `t.uploader_id = :person AND t.session_id IN ${ROOMS}`,
    shown: 'id session_id kind media_type size_bytes message_id created_at',
    sealed: { details: sealed('conversation', 't.session_id', 'attachment', 't.id') },
    ownsKeys: 'false',
    fate: deleted,
  }),
  place('chat_edits', {
    section: 'messagesInRoomsBeforeTheyWereEdited',
    of: `t.message_id IN ${SAID_IN_ROOMS}`,
    shown: 'message_id version replaced_at',
    sealed: { content: sealed('conversation', CONVERSATION_OF, 'message', 't.message_id') },
    ownsKeys: 'false',
    fate: deleted,
  }),
  // What others said stays, without what it was said to.
  place('chat_messages', {
    of: `t.reply_to IN ${SAID_IN_ROOMS}`,
    hidden: 'reply_to',
    fate: cleared('reply_to'),
  }),
  place('chat_messages', {
    section: 'messagesInRooms',
    of: `t.id IN ${SAID_IN_ROOMS}`,
    shown: 'id session_id number type reply_to created_at edited_at deleted_at',
    sealed: { content: sealed('conversation', 't.session_id', 'message', 't.id') },
    ownsKeys: 'false',
    fate: deleted,
    order: 't.session_id, t.number',
  }),
];

/** Live support: as its patient all of it; as anybody else, one's own part. */
export const SUPPORT = [
  ...IN_ROOMS,
  place('chat_reactions', {
    section: 'reactions',
    of: `t.message_id IN ${OWN_MESSAGES}`,
    shown: 'message_id person_id reaction created_at',
    fate: deleted,
  }),
  place('chat_reactions', {
    section: 'reactionsInConversationsOfOthers',
    of: `t.person_id = :person AND t.message_id NOT IN ${OWN_MESSAGES} AND t.message_id NOT IN
      (SELECT id FROM chat_messages WHERE session_id IN ${ROOMS})`,
    shown: 'message_id reaction created_at',
    fate: kept(OF_OTHERS),
  }),
  place('chat_attachments', {
    section: 'attachments',
    of: `t.session_id IN ${OWN_TALKS}`,
    shown: 'id session_id uploader_id kind media_type size_bytes message_id created_at',
    sealed: { details: sealed('conversation', 't.session_id', 'attachment', 't.id') },
    fate: deleted,
  }),
  place('chat_attachments', {
    section: 'attachmentsInConversationsOfOthers',
    of: `t.uploader_id = :person AND ${TALKS_OF_OTHERS}`,
    shown: 'id session_id kind media_type size_bytes message_id created_at',
    sealed: { details: sealed('conversation', 't.session_id', 'attachment', 't.id') },
    ownsKeys: 'false',
    fate: kept(OF_OTHERS),
  }),
  place('chat_edits', {
    section: 'messagesBeforeTheyWereEdited',
    of: `t.message_id IN ${OWN_MESSAGES}`,
    shown: 'message_id version replaced_at',
    sealed: { content: sealed('conversation', CONVERSATION_OF, 'message', 't.message_id') },
    fate: deleted,
  }),
  place('chat_messages', {
    section: 'messages',
    of: `t.session_id IN ${OWN_TALKS}`,
    shown: `id session_id number sender_id sender_role type is_encrypted is_crisis reply_to version
      created_at edited_at deleted_at deleted_by`,
    sealed: { content: sealed('conversation', 't.session_id', 'message', 't.id') },
    hidden: 'client_key',
    fate: deleted,
    order: 't.session_id, t.number',
  }),
  place('chat_messages', {
    section: 'messagesInConversationsOfOthers',
    of: `t.sender_id = :person AND ${TALKS_OF_OTHERS}`,
    shown: 'id session_id number sender_role type created_at edited_at deleted_at',
    sealed: { content: sealed('conversation', 't.session_id', 'message', 't.id') },
    ownsKeys: 'false',
    fate: kept(OF_OTHERS),
    order: 't.session_id, t.number',
  }),
  place('support_declines', {
    section: 'supportDeclines',
    of: `t.session_id IN ${OWN_TALKS}`,
    shown: 'session_id created_at',
    sealed: {
      reason: clinicsNote(sealed('conversation', 't.session_id', 'decline', 't.person_id')),
    },
    hidden: 'person_id',
    fate: cleared('reason'),
  }),
  place('support_escalations', {
    section: 'supportEscalations',
    of: `t.session_id IN ${OWN_TALKS}`,
    shown: `id session_id escalated_by cause from_severity to_severity from_helper_type
      to_helper_type requested_counselor_id alert_id created_at accepted_at`,
    sealed: { details: clinicsNote(sealed('conversation', 't.session_id', 'escalation', 't.id')) },
    fate: cleared('details'),
  }),
  place('support_participants', {
    section: 'supportTakenPartIn',
    of: 't.person_id = :person',
    shown: 'session_id role joined_at left_at last_seen_at',
    hidden: 'person_id chat_version',
    fate: cleared('', { left_at: 'coalesce(left_at, now())' }),
  }),
  place('support_sessions', {
    section: 'supportSessions',
    of: 't.patient_id = :person AND NOT t.is_chat_room',
    shown: `id helper_id type helper_type severity status is_escalated is_anonymous rating
      message_count created_at accepted_at last_activity_at ended_at end_reason waiting_since
      escalated_at updated_at`,
    sealed: {
      details: sealed('conversation', 't.id', 'details'),
      feedback: sealed('conversation', 't.id', 'feedback'),
      notes: clinicsNote(sealed('conversation', 't.id', 'notes')),
      helper_feedback: clinicsNote(sealed('conversation', 't.id', 'helper_feedback')),
    },
    hidden: `clinic_id patient_id is_chat_room declines_count version is_returned idle_asked_at helper_rating`,
    fate: cleared('details feedback notes helper_feedback'),
    order: 't.created_at, t.id',
  }),
];
