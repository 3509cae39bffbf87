import { setHandler } from '@temporalio/workflow';
import { calledOffSignal } from '../messages/enrolment.ts';
import type { Course } from './course.ts';
import { installCommonHandlers } from './handlers.ts';

/** What others may say to a member's seat. Must run before the first await. */
export function installSeatHandlers(course: Course): void {
  installCommonHandlers(course);
  setHandler(calledOffSignal, () => {
    course.isCalledOff = true;
  });
}
