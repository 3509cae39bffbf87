import type { HandlerMap } from '../http/handler.ts';
import { recordAttendance } from './attendance.ts';
import { listAudit } from './audit.ts';
import { crisisVerbHandlers } from './crisis.ts';
import { createCalendarFeed, listCalendarFeeds, revokeCalendarFeed } from './calendar-feeds.ts';
import { getCalendarFile } from './calendar-file.ts';
import { purchaseCredits } from './credit-purchase.ts';
import { getCredits, listCreditEntries } from './credits.ts';
import { listDrills, startDrill } from './drills.ts';
import { getEscalationPolicies, putEscalationPolicies } from './escalation-policies.ts';
import { erasePerson } from './erase-person.ts';
import {
  createAvailabilityException,
  deleteAvailabilityException,
  listAvailabilityExceptions,
} from './exceptions.ts';
import { exportPerson } from './export-person.ts';
import { groupHandlers } from './groups.ts';
import { acceptOffer, declineOffer, listOffers } from './offers.ts';
import { peopleHandlers } from './people.ts';
import { confirmPhone, verifyPhone } from './phones.ts';
import { createPolicy, listPolicies, putPolicy } from './policies.ts';
import { createMaterial, getAssessment, getMaterial, listMaterials } from './preparations.ts';
import { getNotificationPreferences, putNotificationPreferences } from './preferences.ts';
import { rateSession } from './rating.ts';
import { getCrisisReadiness } from './readiness.ts';
import { createRelationship, endRelationship, listRelationships } from './relationships.ts';
import { getResources, putResources } from './resources.ts';
import {
  createRoster,
  createRosterOverride,
  listRosterShifts,
  listRosters,
  putRoster,
} from './rosters.ts';
import { getScreeningPolicy, listScreeningReviews, putScreeningPolicy } from './screening.ts';
import { createSeries, editSeriesOccurrences, listSeries } from './series.ts';
import { getTherapistSettings, putTherapistSettings } from './settings.ts';
import { completeTask, listTasks } from './tasks.ts';
import { getSessionAttendance } from './session-attendance.ts';
import { getSessionTimeline } from './timeline.ts';
import { retryTranscript } from './transcript-retry.ts';
import { joinWaitlist, leaveWaitlist, listWaitlist } from './waitlist.ts';
import { listWebhookDeliveries, replayWebhookDelivery } from './webhook-deliveries.ts';
import { createWebhook, deleteWebhook, listWebhooks, rotateWebhookSecret } from './webhooks.ts';

/** The endpoints that no published door has: `/api/v1`. */
export const ownHandlers = {
  ...groupHandlers,
  ...peopleHandlers,
  listAudit,
  exportPerson,
  erasePerson,
  getTherapistSettings,
  putTherapistSettings,
  listAvailabilityExceptions,
  createAvailabilityException,
  deleteAvailabilityException,
  listRelationships,
  createRelationship,
  endRelationship,
  getSessionTimeline,
  recordAttendance,
  getSessionAttendance,
  retryTranscript,
  rateSession,
  listPolicies,
  createPolicy,
  putPolicy,
  getCredits,
  listCreditEntries,
  purchaseCredits,
  listTasks,
  completeTask,
  getNotificationPreferences,
  putNotificationPreferences,
  listCalendarFeeds,
  createCalendarFeed,
  revokeCalendarFeed,
  getCalendarFile,
  listWaitlist,
  joinWaitlist,
  leaveWaitlist,
  listWebhooks,
  createWebhook,
  rotateWebhookSecret,
  deleteWebhook,
  listWebhookDeliveries,
  replayWebhookDelivery,
  listSeries,
  createSeries,
  editSeriesOccurrences,
  listOffers,
  acceptOffer,
  declineOffer,
  listRosters,
  createRoster,
  putRoster,
  createRosterOverride,
  listRosterShifts,
  getEscalationPolicies,
  putEscalationPolicies,
  verifyPhone,
  confirmPhone,
  getResources,
  putResources,
  listScreeningReviews,
  getAssessment,
  getMaterial,
  createMaterial,
  listMaterials,
  getScreeningPolicy,
  putScreeningPolicy,
  getCrisisReadiness,
  startDrill,
  listDrills,
  ...crisisVerbHandlers,
} satisfies Partial<HandlerMap>;
