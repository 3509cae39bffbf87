import type { GeneralTexts } from '../../language.ts';

export const GENERAL: GeneralTexts = {
  introduction:
    "Hello. I'm a guided programme, not a person and not a therapist. I know a handful of exercises that help many people, and I go through them with you step by step. You can ask for a human being at any time.",
  asksFirst: 'What brings you here today?',
  whoIAm:
    "I'm a programme that guides through exercises. I'm not a human being and not a therapist, and I can't diagnose or treat. If you'd like to talk to a person, just say so.",
  human:
    "Of course. I'm asking for a person to talk with you. Until they are here, you can go on with me.",
  thanks: ["You're welcome.", "I'm glad you were here.", 'You did the work.'],
  bye: "Take good care of yourself. I'm here whenever you want to go on.",
  byePaused:
    'Take good care of yourself. I keep our place in {name}: when you come back, we can go on from there.',
  welcomeBack: "It's good to see you again.",
  welcomeBackPaused:
    'It\'s good to see you again. We were in the middle of {name}. Say "go on" to take it up again, or tell me what is on your mind.',
  welcomeBackIntention:
    "It's good to see you again. You wanted to try this: {intention}. How did it go?",
  stopped: "We'll leave it there. You can come back to it later.",
  menu: ['What would you like to try?', 'Which of these would help now?'],
  afterDialogue: 'Would you like to do something else, or leave it at that for today?',
  nothingPaused: 'There is nothing half done, so we can begin afresh.',
  resumed: "Let's go on.",
  begin: "Let's try {name}. You can stop or skip at any time.",
  listening: [
    'Thank you for telling me. What weighs on you most right now?',
    "I'm listening. What would you like to be different?",
    'That sounds important. How has it been affecting your days?',
    'Thank you for putting that into words. Would it help to try one of these?',
  ],
  empathy: {
    anxious: [
      'Anxiety can take over the whole body. It passes, even when it does not feel that way.',
      'That sounds frightening. Feelings like this rise, and then they fall again.',
    ],
    low: [
      "I'm sorry it's so heavy at the moment.",
      'That sounds really hard. Getting this far today counts.',
    ],
    overwhelmed: [
      'That is a lot at once. One thing at a time is enough.',
      "No wonder it's too much: it would be for most people.",
    ],
    angry: [
      'It makes sense to be angry when something matters to you.',
      'That sounds infuriating. Anger often shows where a line was crossed.',
    ],
    lonely: [
      'Feeling alone hurts. Thank you for telling me.',
      'Many people feel this, and few say it. I am glad you did.',
    ],
    tired: [
      'Being this tired makes everything harder.',
      'That sounds exhausting. Rest is not a luxury.',
    ],
    guilty: [
      'We are often harder on ourselves than on anybody else.',
      'Those are heavy words to carry about yourself.',
    ],
    better: ["I'm glad to hear it.", 'That is good news. What do you think has helped?'],
    neutral: ['Thank you for telling me.', "I'm listening."],
  },
  offer: 'Shall we try {name}?',
  followUps: {
    anxious: ['What sets it off?', 'Where in your body do you feel it?'],
    low: ['How long has it been like this?', 'What used to give you a little energy?'],
    overwhelmed: ['Which of it is most urgent?', 'What could wait until tomorrow?'],
    angry: ['What happened just before?', 'What would you have needed?'],
    lonely: ['Who did you last enjoy talking to?', 'What kind of company would be good?'],
    tired: ['How have you been sleeping?', 'What does an evening look like?'],
    guilty: ['What would you say to a friend in your place?', 'What are you blaming yourself for?'],
    better: ['What has helped?', 'How could you keep some of it?'],
    neutral: ['What is on your mind?', 'How has today been?'],
  },
  suggestHuman: 'Talk to a human',
  suggestResume: 'Go on with what we began',
  suggestStop: 'Stop here',
  suggestOther: 'Something else',
  suggestYes: 'Yes, please',
  blank: '…',
};
