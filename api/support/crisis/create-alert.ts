import { findAlert } from '../../../db/crisis-alerts.ts';
import type { AlertView } from '../../../db/crisis-alerts.ts';
import { checkInOf } from '../../crisis/check-in.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { immediateActions, unrecordedActions } from '../../crisis/immediate-actions.ts';
import { emergencyContacts, immediateResources } from '../../crisis/present-help.ts';
import { anyBody, idIn, linesIn, placeIn, textIn, wordIn } from '../../crisis/read-body.ts';
import type { ReportWords } from '../../crisis/report-words.ts';
import { estimatedResponseSeconds } from '../../crisis/response-time.ts';
import { takeReport } from '../../crisis/take-report.ts';
import type { TakenReport } from '../../crisis/take-report.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { ALERT_TYPES, escalationLevel, statusWord } from './alert-words.ts';

/** POST /api/crisis, POST /api/crisis/create */
export async function createCrisisAlert(call: Call): Promise<Answer> {
  const body = anyBody(call.body);
  const trigger = anyBody(body['triggerContent']);
  const words = wordsOf(call.body);
  const raised = await takeReport(call, {
    severity: body['severity'],
    type: wordIn(body['type'], ALERT_TYPES) ?? 'user-report',
    source: 'report',
    sessionId: idIn(body['sessionId']) ?? idIn(trigger['sessionId']),
    messageId: idIn(trigger['messageId']) ?? idIn(body['messageId']),
    words,
  });
  return present(call, raised, words);
}

function wordsOf(value: unknown): ReportWords {
  const body = anyBody(value);
  const { triggerContent } = body;
  const trigger = anyBody(triggerContent);
  const plainTrigger = typeof triggerContent === 'string' ? triggerContent : undefined;
  const triggerText = textIn(trigger['text'] ?? plainTrigger ?? body['triggerMessage']);
  const detectionMethod = textIn(body['detectionMethod'], 60);
  const immediateAction = textIn(body['immediateAction'], 120);
  const place = placeIn(body['location']);
  return {
    description: textIn(body['description'] ?? body['message']),
    ...(triggerText === null ? {} : { triggerText }),
    ...(detectionMethod === null ? {} : { detectionMethod }),
    ...(immediateAction === null ? {} : { immediateAction }),
    ...(place === null ? {} : { place }),
    riskFactors: linesIn(body['riskFactors']),
  };
}

async function present(call: Call, raised: TakenReport, words: ReportWords): Promise<Answer> {
  const { deps } = call;
  const [checkIn, alert, seconds, lines] = await Promise.all([
    checkInOf(deps, raised, words),
    findAlert(deps.crisisKnex, raised.alertId).catch(() => null),
    estimatedResponseSeconds(deps, raised.clinicId, raised.severity),
    helpLines(deps, raised.clinicId),
  ]);
  const common = {
    userId: raised.shownId,
    severity: raised.severity,
    status: statusWord(alert?.status ?? 'paging'),
    description: words.description ?? words.triggerText ?? '',
    createdAt: (alert?.createdAt ?? new Date()).toISOString(),
  };
  const actions = alert === null ? unrecordedActions() : immediateActions(alert, seconds);
  return inBothShapes(201, {
    message: 'Crisis alert created successfully',
    a: { alert: alertInA(raised, common, alert, words) },
    b: {
      alert: { ...alertInB(raised, common, alert), estimatedResponseTime: seconds },
      immediateActions: actions,
      emergencyContacts: emergencyContacts(lines),
      resources: immediateResources(lines),
      checkIn,
    },
  });
}

function alertInA(
  { alertId }: TakenReport,
  common: object,
  alert: AlertView | null,
  { detectionMethod }: ReportWords,
): Record<string, unknown> {
  return {
    id: alertId,
    ...common,
    detectionMethod: detectionMethod ?? 'manual_report',
    escalationLevel: escalationLevel(alert),
    assignedCounselor: alert?.holderId ?? null,
  };
}

function alertInB(
  { alertId, type, number, sessionId }: TakenReport,
  common: object,
  alert: AlertView | null,
): Record<string, unknown> {
  return {
    _id: alertId,
    ...common,
    sessionId,
    type,
    escalationLevel: escalationLevel(alert),
    assignedCounselorId: alert?.holderId ?? null,
    // Without the database there is no number yet.
    alertNumber: alert?.number ?? number,
  };
}
