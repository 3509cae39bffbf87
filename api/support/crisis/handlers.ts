import type { HandlerMap } from '../../http/handler.ts';
import { createCrisisAlert } from './create-alert.ts';
import { requestCrisisIntervention } from './intervention.ts';
import { listCrisisAlerts } from './list-alerts.ts';
import { getCrisisResources, getEmergencyContacts } from './resources.ts';
import { getCrisisStats } from './stats.ts';
import { updateCrisisAlert } from './update-alert.ts';

export const supportCrisisHandlers = {
  createCrisisAlert,
  createCrisisAlertAsInB: createCrisisAlert,
  listCrisisAlerts,
  getCrisisStats,
  updateCrisisAlert,
  getCrisisResources,
  requestCrisisIntervention,
  getEmergencyContacts,
} satisfies Partial<HandlerMap>;
