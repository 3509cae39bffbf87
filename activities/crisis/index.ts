import { Context } from '@temporalio/activity';
import type { CrisisActivities } from './contract.ts';
import type { CrisisDeps } from './deps.ts';
import { knownFor } from './known-context.ts';
import { isBack, isGone, tellOfLoss } from './lost-contact.ts';
import { sendPage, stopPages } from './paging.ts';
import { beginAlert, recordAlert, recordLate } from './recording.ts';
import { openFollowUp, raiseAnew, tellHolder, tellPerson } from './telling.ts';

/** Everything that an alert's workflow does outside. */
export function createCrisisActivities(deps: CrisisDeps): CrisisActivities {
  return {
    beginAlert: (input) => beginAlert(deps, input),
    readContext: async ({ clinicId, personId, digest }) => {
      const known = knownFor(await deps.knowledge.contextOf(clinicId), personId);
      return known.digest === digest ? null : known;
    },
    sendPage: (job) =>
      sendPage(deps, { ...job, sentBy: 'workflow' }, Context.current().info.attempt),
    stopPages: (input) => stopPages(deps, input),
    recordAlert: (step) => recordAlert(deps, step),
    recordLate: (late) => recordLate(deps, late),
    tellPerson: (told) => tellPerson(deps, told),
    tellHolder: (told) => tellHolder(deps, told, Context.current().info.attempt),
    raiseAnew: (report) => raiseAnew(deps, report),
    isPersonGone: (person) => isGone(deps, person),
    isPersonBack: (person) => isBack(deps, person),
    tellOfLoss: (news) => tellOfLoss(deps, news, Context.current().info.attempt),
    openFollowUp: (input) => openFollowUp(deps, input),
  };
}
