import type { CrisisTexts } from '../../language.ts';

export const CRISIS: CrisisTexts = {
  first:
    "I'm very glad you told me. What you are going through is too much to carry alone, and your safety comes first. I'm a programme, so I have told the crisis team: a human being will contact you.\n\n{lines}\n\nAre you safe right now? If you can, go to somebody you trust and put distance between yourself and anything you could hurt yourself with.",
  repeated:
    "I'm still here, and the crisis team knows. A human being will be with you. You don't have to wait for them to get help:\n\n{lines}",
  call: '{title}: {ways}',
  emergency: 'In immediate danger call {phone}.',
  suggestions: ["I'm safe right now", "I'm not safe", 'I want to talk to a human'],
};
