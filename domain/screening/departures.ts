import type { FieldFault } from '../errors.ts';
import { graver } from '../escalation-policy.ts';
import {
  type FlagRule,
  type QuestionnaireItem,
  type QuestionnaireTemplate,
  valuesOf,
} from './template.ts';

/**
 * A clinic may word a known instrument and move its cut-offs; what it asks, how it is answered and
 * when a human is called stay: the same name must mean the same danger.
 */
export function departures(
  template: QuestionnaireTemplate,
  shipped: QuestionnaireTemplate,
): FieldFault[] {
  const type = shipped.type;
  if (template.items.length !== shipped.items.length) {
    return [fault('items', `must be ${shipped.items.length}: that is what ${type} has`)];
  }
  const values = shipped.items.flatMap((item, at) => {
    const own = template.items[at]!;
    const isSame = valueList(template, own) === valueList(shipped, item);
    const message = `must have the values ${valueList(shipped, item)}, as ${type} has`;
    // Who may leave out a question of danger is asked nothing.
    const isAsked = own.isOptional !== true || item.isOptional === true;
    return [
      ...(isSame ? [] : [fault(`items[${at}].options`, message)]),
      ...(isAsked ? [] : [fault(`items[${at}].isOptional`, `must be false, as ${type} has it`)]),
    ];
  });
  const alarms = shipped.flags.flatMap((rule) => {
    if (rule.kind !== 'item' || template.flags.some((own) => covers(own, rule))) return [];
    return [fault('flags', `must keep ${rule.code} from ${rule.atLeast} on, as ${type} has it`)];
  });
  return [...values, ...methodDepartures(template, shipped), ...alarms];
}

function fault(field: string, message: string): FieldFault {
  return { field, message };
}

function valueList(template: QuestionnaireTemplate, item: QuestionnaireItem): string {
  return valuesOf(template, item)
    .toSorted((a, b) => a - b)
    .join(', ');
}

function methodDepartures(
  template: QuestionnaireTemplate,
  shipped: QuestionnaireTemplate,
): FieldFault[] {
  return shipped.methods.flatMap(({ id, points }, at) => {
    const own = template.methods[at];
    const isSame = own?.id === id && sameJson(own.points, points);
    return isSame ? [] : [fault(`methods[${at}]`, `must be ${id}, as ${shipped.type} has it`)];
  });
}

function sameJson(one: object | null, other: object | null): boolean {
  const sorted = (value: object | null): string =>
    JSON.stringify(Object.entries(value ?? {}).toSorted(([a], [b]) => a.localeCompare(b)));
  return sorted(one) === sorted(other);
}

/** Whether a clinic's rule calls a human whenever the shipped one does, and as urgently. */
function covers(own: FlagRule, shipped: FlagRule & { readonly kind: 'item' }): boolean {
  if (own.kind !== 'item' || own.code !== shipped.code) return false;
  const isAsUrgent =
    shipped.alert === null ||
    (own.alert !== null && graver(own.alert, shipped.alert) === own.alert);
  const isAsWide = shipped.items.every((number) => own.items.includes(number));
  return isAsUrgent && isAsWide && own.atLeast <= shipped.atLeast;
}
