import { expect, test } from '@jest/globals';
import { readConsent } from '../../../api/companion/consent.ts';

test.each([
  'Yes, share a summary',
  'yes',
  'Yes.',
  'YES!!',
  'yeah',
  'Yep',
  'sure',
  'Ok',
  'okay, sure',
  'Yes please',
  'yes, please do',
  'yes, thank you',
  'Ok, that’s fine',
  "Sure, that's fine.",
  'go ahead',
  'Of course',
  'You may',
  'I agree',
  'Please do',
  'please share it',
  'Share a summary please',
  'Yes, please share it with them',
  'ok go ahead and share the summary',
])('%p is a yes', (answer) => {
  expect(readConsent(answer)).toBe(true);
});

test.each([
  "No, don't share anything",
  'No, don’t share anything',
  'Please don’t share anything',
  'please don`t share it',
  'Please donʼt',
  'please don´t share that',
  'PLEASE DON＇T SHARE',
  'Please do not share anything',
  'no',
  'Nope.',
  'rather not',
  'Please keep it private',
  'ok, but keep it secret please',
  'sure, that stays between us',
  'of course not',
  'Yes to a human, no to the summary',
  'you may share nothing',
  'never',
])('%p is a no', (answer) => {
  expect(readConsent(answer)).toBe(false);
});

test.each([
  'I’m fine for now',
  "I'm fine",
  'fine',
  'please hurry',
  'please',
  'ok I’ll wait',
  'ok thanks',
  'Sure, I can wait',
  'Yes, I am still here',
  'yes but leave out what I said of my father',
  'What would you share?',
  'Yes?',
  'ok 🙄',
  'share what you like with your own mother',
  'I agree that my boss is unfair',
  'They may go ahead of me',
  'Of course it hurts',
  'Is it ok if I sit down first',
  '',
  '👍',
  `yes ${'very '.repeat(20)}much`,
])('%p is no consent', (answer) => {
  expect(readConsent(answer)).toBeNull();
});
