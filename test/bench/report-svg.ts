/** The figures as a picture: one group of bars per population, readable on light and dark ground. */
import { isOurs, ROW_TITLES, type RowName } from './row.ts';
import type { PopulationSummary, RowSummary } from './summary.ts';

const LAYOUT = {
  width: 840,
  label: 250,
  values: 240,
  bar: 15,
  gap: 5,
  heading: 30,
  group: 20,
  top: 52,
  bottom: 30,
};
const BAR_SPAN = LAYOUT.width - LAYOUT.label - LAYOUT.values;

/** Our rows stand out; what they are held against stays in the background. */
const FILLS: Readonly<Record<RowName, string>> = {
  bare: '#9aa3ad',
  limit: '#6f7a86',
  insert: '#1f7ae0',
  'insert-rules': '#6aa9ee',
  'insert-unmatched-1': '#6aa9ee',
  'insert-unmatched': '#6aa9ee',
  'insert-fork': '#1459a8',
  strip: '#12a594',
  untagged: '#6aa9ee',
  'untagged-in': '#6cc9bf',
  tunnel: '#6aa9ee',
  'tunnel-in': '#6cc9bf',
  'strip-fourth': '#12a594',
  'strip-any': '#0e7f72',
  nat: '#1f7ae0',
  'nat-in': '#12a594',
  route: '#c9a227',
  nptv6: '#d97b29',
  'nptv6-in': '#d97b29',
  masquerade: '#c2543d',
  'masquerade-in': '#c2543d',
};

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #1b1f24 }
  .title { font-size: 16px; font-weight: 600 } .heading { font-weight: 600 } .note { fill: #59636e }
  .spread { stroke: #1b1f24; stroke-width: 1.5 } .ground { fill: #ffffff }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .note { fill: #9198a1 } .spread { stroke: #e6edf3 } .ground { fill: #0d1117 }
  }`;

/** A whole SVG document. `note`: where the figures come from. */
export function renderSvg(populations: readonly PopulationSummary[], note: string): string {
  const fastest = Math.max(...populations.flatMap(({ rows }) => rows.map(({ rate }) => rate.highest)));
  const parts: string[] = [];
  let y = LAYOUT.top;
  for (const { label, rows } of populations) {
    y += LAYOUT.heading;
    parts.push(text(12, y - 8, label, 'heading'));
    for (const row of rows) {
      parts.push(renderRow(row, y, BAR_SPAN / fastest));
      y += LAYOUT.bar + LAYOUT.gap;
    }
    y += LAYOUT.group - LAYOUT.gap;
  }
  const height = y + LAYOUT.bottom;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${LAYOUT.width} ${height}" role="img">
<title>Packets forwarded by one core</title>
<style>${STYLE}
</style>
<rect class="ground" width="100%" height="100%"/>
${text(12, 28, 'Packets forwarded by one core (Mpps)', 'title')}
${text(12, 48, 'Bar: median of the rounds, line: lowest to highest. ×: times the kernel. Limit: redirect and one random 128-byte read-modify-write.', 'note')}
${parts.join('\n')}
${text(12, height - 12, note, 'note')}
</svg>
`;
}

function renderRow({ row, rate, ratio }: RowSummary, y: number, scale: number): string {
  const x = LAYOUT.label;
  const middle = y + LAYOUT.bar / 2;
  const baseline = y + LAYOUT.bar - 3;
  const ours = isOurs(row);
  const comparison = ours ? comparisons(ratio) : '';
  return [
    text(x - 8, baseline, ROW_TITLES[row], ours ? 'heading' : '', 'end'),
    `<rect x="${x}" y="${y}" width="${round(rate.median * scale)}" height="${LAYOUT.bar}" fill="${FILLS[row]}"/>`,
    `<line class="spread" x1="${round(x + rate.lowest * scale)}" x2="${round(x + rate.highest * scale)}" y1="${middle}" y2="${middle}"/>`,
    text(round(x + rate.highest * scale + 8), baseline, `${rate.median.toFixed(2)}${comparison}`),
  ].join('\n');
}

function comparisons({ nptv6, masquerade, limit, insert, strip, untagged }: RowSummary['ratio']): string {
  const parts = [
    nptv6 && `${nptv6.toFixed(1)}× NPTv6`,
    masquerade && `${masquerade.toFixed(1)}× masquerade`,
    limit && `${limit.toFixed(2)} of limit`,
    untagged && untagged !== 1 && `${untagged.toFixed(2)} of untagged`,
    insert && insert !== 1 && `${insert.toFixed(2)} of direct`,
    strip && strip !== 1 && `${strip.toFixed(2)} of strip`,
  ].filter(Boolean);
  return parts.length === 0 ? '' : `  (${parts.join(', ')})`;
}

function text(x: number, y: number, content: string, style = '', anchor = 'start'): string {
  return `<text x="${x}" y="${y}" class="${style}" text-anchor="${anchor}">${escapeText(content)}</text>`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

const escapeText = (content: string): string =>
  content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
