import { toInsert } from '../../../db/audit/entry.ts';
import { insertAuditRows } from '../../../db/audit/record.ts';
import { findAlert, insertIntervention } from '../../../db/crisis-alerts.ts';
import { auditContext } from '../../access/audit-context.ts';
import { checkInOf } from '../../crisis/check-in.ts';
import { helpLines } from '../../crisis/help-lines.ts';
import { immediateActions, unrecordedActions } from '../../crisis/immediate-actions.ts';
import { emergencyContacts } from '../../crisis/present-help.ts';
import {
  anyBody,
  contactIn,
  idIn,
  linesIn,
  placeIn,
  textIn,
  wordIn,
} from '../../crisis/read-body.ts';
import type { AnyBody } from '../../crisis/read-body.ts';
import type { ReportWords } from '../../crisis/report-words.ts';
import { estimatedResponseSeconds } from '../../crisis/response-time.ts';
import { takeReport } from '../../crisis/take-report.ts';
import type { TakenReport } from '../../crisis/take-report.ts';
import { safely } from '../../http/error-handler.ts';
import type { Answer, Call } from '../../http/handler.ts';
import { inBothShapes } from '../dialect.ts';
import { ALERT_TYPES } from './alert-words.ts';

const TYPES = [...ALERT_TYPES, 'self-harm', 'overdose', 'violence', 'medical-emergency'] as const;

interface Opened {
  readonly raised: TakenReport;
  readonly words: ReportWords;
  readonly type: string;
  readonly file: CaseFile;
}

interface CaseFile {
  readonly number: string | null;
  readonly createdAt: Date;
}

/** POST /api/urgent/crisis-intervention */
export async function requestCrisisIntervention(call: Call): Promise<Answer> {
  const body = anyBody(call.body);
  const type = wordIn(body['interventionType'] ?? body['type'], TYPES) ?? 'user-report';
  const words = wordsOf(body);
  const raised = await takeReport(call, {
    severity: body['immediacy'] ?? body['severity'],
    type,
    source: 'intervention',
    sessionId: idIn(body['sessionId']),
    messageId: null,
    words,
  });
  const file = await openCase(call, raised, type);
  return present(call, { raised, words, type, file });
}

function wordsOf(body: AnyBody): ReportWords {
  const info = anyBody(body['contactInfo']);
  const place = placeIn(body['location']);
  const phone = textIn(info['phone'] ?? body['phone'], 60);
  const emergencyContact = contactIn(info['emergencyContact'] ?? body['emergencyContact']);
  return {
    description: textIn(body['situation'] ?? body['description']),
    requestedActions: linesIn(body['requestedActions']),
    ...(place === null ? {} : { place }),
    ...(phone === null ? {} : { phone }),
    ...(emergencyContact === null ? {} : { emergencyContact }),
  };
}

/** The alert stands whether or not its case gets a number of its own. */
async function openCase(call: Call, raised: TakenReport, type: string): Promise<CaseFile> {
  const { deps, newId: id, principal, requestId } = call;
  const { alertId, clinicId, personId, sessionId } = raised;
  const without: CaseFile = { number: null, createdAt: new Date() };
  if (clinicId === null) return without;
  const file = {
    id,
    alertId,
    clinicId,
    personId,
    sessionId,
    requestedBy: principal.personId,
    type,
  };
  try {
    return await deps.crisisKnex.transaction(async (trx) => {
      const opened = await insertIntervention(trx, file);
      const entry = { action: 'intervention.request', objectType: 'intervention', objectId: id };
      const context = auditContext(principal, requestId);
      await insertAuditRows(trx, [toInsert(context, { ...entry, subjectId: personId })]);
      return opened;
    });
  } catch (error) {
    deps.log.error({ alertId, error: safely(error) }, 'an intervention has no case number');
    return without;
  }
}

async function present(
  call: Call,
  { raised, words, type, file: { number, createdAt } }: Opened,
): Promise<Answer> {
  const { deps, newId: id } = call;
  const [checkIn, alert, seconds, lines] = await Promise.all([
    checkInOf(deps, raised, words),
    findAlert(deps.crisisKnex, raised.alertId).catch(() => null),
    estimatedResponseSeconds(deps, raised.clinicId, raised.severity),
    helpLines(deps, raised.clinicId),
  ]);
  const card = emergencyContacts(lines);
  const intervention = {
    _id: id,
    sessionId: raised.sessionId,
    type,
    status: 'active',
    createdAt: createdAt.toISOString(),
    assignedCrisisWorker: alert?.holderId ?? null,
    estimatedContact: new Date(createdAt.getTime() + seconds * 1_000).toISOString(),
    caseNumber: number,
  };
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  const worker = {
    name: alert?.holderName ?? null,
    phone: card['crisis'],
    expectedContact: `within ${minutes} minute${minutes === 1 ? '' : 's'}`,
  };
  return inBothShapes(200, {
    message: 'Crisis intervention initiated',
    b: {
      intervention,
      immediateActions: alert === null ? unrecordedActions() : immediateActions(alert, seconds),
      contacts: { assignedWorker: worker },
      emergencyContacts: card,
      checkIn,
    },
  });
}
