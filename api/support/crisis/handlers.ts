import type { HandlerMap } from '../../http/handler.ts';
import { getCrisisResources, getEmergencyContacts } from './resources.ts';

export const supportCrisisHandlers = {
  getCrisisResources,
  getEmergencyContacts,
} satisfies Partial<HandlerMap>;
