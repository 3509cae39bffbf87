import { deleted, place, sealed } from './place.ts';

const OWN = '(SELECT id FROM companion_conversations WHERE person_id = :person)';

/** What was said to the companion, and what it answered. */
export const COMPANION = [
  place('companion_turns', {
    section: 'companionTurns',
    of: `t.conversation_id IN ${OWN}`,
    shown: 'id conversation_id number source is_crisis said_at replied_at',
    sealed: {
      words: sealed('companion', 't.conversation_id', 'words', 't.id'),
      reply: sealed('companion', 't.conversation_id', 'reply', 't.id'),
      partial: sealed('companion', 't.conversation_id', 'partial', 't.id'),
    },
    fate: deleted,
    order: 't.conversation_id, t.number',
  }),
  place('companion_conversations', {
    section: 'companionConversations',
    of: 't.person_id = :person',
    shown: `id is_anonymous session_id status turn_count handed_over_to is_summary_shared
      awaits_consent rating started_at last_turn_at ended_at`,
    sealed: {
      state: sealed('companion', 't.id', 'state'),
      details: sealed('companion', 't.id', 'details'),
      closing: sealed('companion', 't.id', 'closing'),
    },
    hidden: 'clinic_id person_id version reserved_hand_over client_name',
    fate: deleted,
    order: 't.started_at, t.id',
  }),
];
