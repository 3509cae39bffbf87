import { said } from './payloads.ts';

/** What a report says: its words, and where the person is. */
export interface ReportWords {
  readonly description: string | null;
  readonly location: unknown;
}

/** Reports are kept as JSON with a `description` and a `location`, or as the words alone. */
export function readReportWords(kept: string): ReportWords {
  let report: unknown = null;
  try {
    report = JSON.parse(kept);
  } catch {
    return { description: kept, location: null };
  }
  if (typeof report !== 'object' || report === null) return { description: kept, location: null };
  const words = ['description', 'text', 'message', 'situation', 'reason'].map((name) =>
    said(report, name),
  );
  const description = words.find((value) => typeof value === 'string') ?? null;
  return { description: description as string | null, location: said(report, 'location') ?? null };
}

export function keepReportWords({ description, location }: ReportWords): string {
  return JSON.stringify({ description, location });
}
