import { expect, test } from '@jest/globals';
import { saysServicesWereCalled } from '../../../api/support/crisis/local-services.ts';

test.each([
  'Local crisis center notified',
  'Police called',
  'Ambulance was dispatched',
  'emergency services have been contacted',
  'I have called the police',
  'Called 911',
  'local-services-contacted',
])('"%s" says so', (line) => {
  expect(saysServicesWereCalled(line)).toBe(true);
});

test.each([
  'Emergency contact notified',
  'Police not called',
  'Did not call the police',
  'Emergency services were never alerted',
  "Her emergency contact hasn't been called",
  'Patient refused: ambulance called off',
  'Local weather discussed; sister informed',
  'Nobody contacted the police',
])('"%s" does not', (line) => {
  expect(saysServicesWereCalled(line)).toBe(false);
});
