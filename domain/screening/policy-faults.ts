import type { FieldFault } from '../errors.ts';
import { typeNamed } from './instruments/index.ts';
import type { AlertPolicy } from './score.ts';
import type { FlagRule } from './template.ts';

type Flagging = { readonly flags: readonly FlagRule[] };

/**
 * What of a clinic's policy would have no effect: types that the clinic does not have and codes
 * that are no flag of a total or a category; what a single answer raises is nobody's to decide.
 * `active` has the newest version of each type.
 */
export function policyFaults(
  alerts: Readonly<Record<string, AlertPolicy>>,
  active: ReadonlyMap<string, Flagging>,
): FieldFault[] {
  const types = Object.keys(alerts).map(typeNamed);
  return Object.entries(alerts).flatMap(([name, policy], at) => {
    const field = `alerts.${name}`;
    const template = active.get(types[at]!);
    if (template === undefined) {
      return [{ field, message: `must be one of ${[...active.keys()].join(', ')}` }];
    }
    if (types.indexOf(types[at]!) < at) return [{ field, message: 'is given twice' }];
    return codeFaults(field, policy, template);
  });
}

function codeFaults(field: string, policy: AlertPolicy, { flags }: Flagging): FieldFault[] {
  const known = new Set(flags.filter(({ kind }) => kind !== 'item').map(({ code }) => code));
  const message =
    known.size === 0
      ? 'must be left out: no total raises anything here'
      : `must be one of ${[...known].join(', ')}`;
  const unknown = Object.keys(policy).filter((code) => !known.has(code));
  return unknown.map((code) => ({ field: `${field}.${code}`, message }));
}
