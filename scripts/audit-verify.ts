import { assertNever } from '../domain/assert-never.ts';
import { verifyAudit } from '../db/audit/verify.ts';
import type { AuditFault, AuditReport, ExpectedHead } from '../db/audit/verify.ts';
import { runMaintenance } from './maintenance.ts';

const USAGE = 'Usage: npm run audit:verify -- [--head <number>:<hash>]';

function describeFault(fault: AuditFault): string {
  switch (fault.kind) {
    case 'row_changed':
      return `row ${fault.entryId} was changed after seal ${fault.sealNumber}`;
    case 'row_missing':
      return `row ${fault.entryId} is missing from seal ${fault.sealNumber}`;
    case 'row_inserted':
      return `row ${fault.entryId} was inserted later: no seal has it`;
    case 'seal_changed':
      return `seal ${fault.sealNumber} was changed, or made without the key`;
    case 'seal_missing':
      return `seal ${fault.sealNumber} is missing`;
    case 'head_missing':
      return `the chain does not contain seal ${fault.sealNumber} as it was noted: it was cut`;
    default:
      return assertNever(fault);
  }
}

/** `--head 12:ab34...`, as an earlier run has printed it. */
function expectedHead(args: readonly string[]): ExpectedHead | undefined {
  if (args.length === 0) return undefined;
  const match = /^([1-9]\d{0,18}):([0-9a-f]{64})$/.exec(args[1] ?? '');
  const [, number, chain] = match ?? [];
  if (args.length !== 2 || args[0] !== '--head' || number === undefined || chain === undefined) {
    throw new Error(USAGE);
  }
  return { number, chain };
}

function describeReport(report: AuditReport): string[] {
  const { fault, seals, sealedRows, head, tail } = report;
  const lines = [`${sealedRows} rows in ${seals} seals are intact`];
  if (head !== null) lines.push(`head ${head.number}:${head.chain}`);
  const since = tail.sinceMs === null ? '' : `, since ${new Date(tail.sinceMs).toISOString()}`;
  lines.push(`${tail.rows} rows are not sealed yet${since}`);
  lines.push(fault === null ? 'The record is intact.' : `TAMPERED: ${describeFault(fault)}.`);
  return lines;
}

await runMaintenance(async ({ knex, keyRing }) => {
  const report = await verifyAudit(knex, keyRing, expectedHead(process.argv.slice(2)));
  process.stdout.write(`${describeReport(report).join('\n')}\n`);
  return report.fault === null ? 0 : 1;
});
