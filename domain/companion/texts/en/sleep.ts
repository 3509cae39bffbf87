import type { DialogueTexts } from '../../dialogue.ts';
import type { SleepSay, SleepStep } from '../../dialogues/sleep.ts';

export const SLEEP_TEXTS: DialogueTexts<SleepStep, SleepSay> = {
  name: 'help with sleep',
  wish: 'Work on my sleep',
  steps: {
    kind: {
      ask: 'What is it about your sleep: falling asleep, waking in the night, waking too early, or bad dreams?',
      again: 'Which is closest: falling asleep, waking in the night, waking too early, bad dreams?',
      suggestions: ['Falling asleep', 'Waking in the night', 'Waking too early', 'Bad dreams'],
    },
    long: {
      ask: 'How long has it been so: some days, some weeks, or more than three months?',
      again: 'Days, weeks, or months?',
      suggestions: ['Some days', 'Some weeks', 'More than three months'],
    },
    snore: {
      ask: 'Do you snore loudly, or has somebody noticed that your breath stops while you sleep?',
      again: 'Just yes or no: loud snoring, or breath that stops?',
      suggestions: ['No', 'Yes'],
    },
    awake: {
      ask: "When you can't sleep, do you lie awake in bed for longer than twenty minutes or so?",
      again: 'Yes or no: longer than twenty minutes awake in bed?',
      suggestions: ['Yes', 'No'],
    },
    habit: {
      ask: 'Which of these is part of your days: screens late in the evening, caffeine in the afternoon, long naps, or worrying in bed?',
      again: 'Screens, caffeine, naps, worries, or none of them?',
      suggestions: ['Screens', 'Caffeine', 'Worries in bed', 'None of them'],
    },
    change: {
      ask: 'Choose one rule for the coming week: get out of bed when you lie awake; get up at the same time every day; half an hour without screens before bed; or use the bed only for sleeping.',
      again:
        'One is enough: out of bed when awake, same time every morning, a calm half hour, or bed only for sleep?',
      suggestions: [
        'Out of bed when awake',
        'Same time every morning',
        'A calm half hour before bed',
        'Bed only for sleep',
      ],
    },
    when: {
      ask: 'From which night on?',
      suggestions: ['Tonight', 'Tomorrow', 'Skip'],
    },
    review: {
      ask: 'How did it go with your rule for the nights?',
      again: 'Did you keep to it, partly, or not?',
      suggestions: ['I did it', 'Part of it', "I didn't do it"],
    },
    noticed: {
      ask: 'What have you noticed about your nights, or your days?',
      suggestions: ['A little better', 'Not much', 'Skip'],
    },
  },
  says: {
    'falling-asleep': 'Lying there and waiting for sleep is tiring in itself.',
    waking: 'Waking in the night is normal; not getting back to sleep is the hard part.',
    early: 'Those early hours can be very long.',
    nightmares:
      'Bad dreams are worth telling a therapist about: there are good treatments for them. What follows still helps to settle the nights.',
    any: 'Thank you.',
    months:
      'After that long, there is a treatment made for it, cognitive behavioural therapy for insomnia. Please ask your doctor or therapist about it. We can begin with a part of it here.',
    short: 'Thank you. Then a few changes may go a long way.',
    doctor:
      "Please tell a doctor about that: it can be the reason for bad sleep, and it can be treated. Take care when you're driving tired, too.",
    'get-up':
      'Then the bed slowly becomes a place for being awake. It helps to get up, sit somewhere dim and quiet, and go back only when you are sleepy.',
    good: 'Good. That keeps the bed a place for sleep.',
    screens: 'Light and news keep the mind up. An hour without them, or half of one, helps.',
    caffeine: 'Caffeine works for longer than we notice. Try to have the last one before noon.',
    naps: 'Naps take from the night. If you need one, keep it under half an hour and before three.',
    worries:
      'Give your worries a time of their own, early in the evening: write them down for ten minutes, with one next step each, and close the book.',
    plan: "That's your plan: {change}, {when}. It can feel harder for the first nights; give it two weeks. Next time I'll ask how it went.",
    open: "That's all right. Getting up at the same time every day is the best single thing, whenever you want to begin.",
    'well-done': "Well done. That's not easy at night.",
    partly: 'Part of it counts. Most people need some weeks.',
    'not-done': "That happens. Let's see which rule fits you better.",
    kept: 'Thank you. Keep at it: sleep changes over weeks, not nights.',
  },
  choices: {
    'falling-asleep': 'falling asleep',
    waking: 'waking in the night',
    early: 'waking too early',
    nightmares: 'bad dreams',
    days: 'some days',
    weeks: 'some weeks',
    months: 'more than three months',
    screens: 'screens',
    caffeine: 'caffeine',
    naps: 'naps',
    worries: 'worries in bed',
    'no-habit': 'none of them',
    'out-of-bed': 'out of bed when awake',
    'same-time': 'up at the same time every morning',
    'wind-down': 'a calm half hour before bed',
    'bed-for-sleep': 'the bed only for sleep',
    done: 'done',
    partly: 'part of it',
    'not-done': 'not done',
  },
};
