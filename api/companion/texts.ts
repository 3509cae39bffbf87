/** What the product itself says around the companion's replies, in English. */
export const TEXTS = {
  /** Ahead of a first answer: nobody is to take it for a person. */
  discloses: 'Hello. I am an automated companion: not a person, and not a therapist.',
  humanAtAnyTime: 'You can ask for a human being at any time.',
  asked: "I've put your request into the queue of those who help here.",
  askedAlready: 'Your request is in the queue of those who help here already.',
  waits: (minutes: number): string =>
    minutes <= 1
      ? 'Somebody is likely to be with you within a minute.'
      : `It is likely to take about ${minutes} minutes until somebody is with you.`,
  goesOn: 'Until they are here, you can go on with me.',
  asksConsent:
    'Shall I give them a short summary of what we talked about? They see nothing of it unless you say yes.',
  shared: 'Thank you. They have a short summary now, so that you need not begin anew.',
  sharedToo: 'As you wished, they have a short summary of what we talked about.',
  keptPrivate: 'All right. They see nothing of what we talked about.',
  tooLate: 'That conversation with a human is over already. Say "talk to a human" to ask anew.',
  notAsked:
    "I couldn't put your request into the queue just now. Please try again in a moment, or call one of these:",
  yesShare: 'Yes, share a summary',
  noShare: "No, don't share anything",
} as const;
