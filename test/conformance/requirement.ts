/** One requirement of a specification, in our own words, and what we can say for it. */
export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'RECOMMENDED';

/** A file under `test/` and the title of a test, describe or table row in it. */
export type TestName = readonly [file: string, title: string];

export type Verdict =
  | { readonly label: 'tested'; readonly tests: readonly TestName[] }
  | { readonly label: 'untestable'; readonly why: string }
  | { readonly label: 'not for a proxy'; readonly why: string }
  | { readonly label: 'open'; readonly why: string };

export const labels = ['tested', 'untestable', 'not for a proxy', 'open'] as const;

export interface Requirement {
  /** As the specification numbers it. */
  readonly section: string;
  readonly level: Level;
  readonly requirement: string;
  readonly verdict: Verdict;
}

export interface Specification {
  readonly name: string;
  /**
   * Sections with keywords and how often they have them, counted in the text by a script: MUST, MUST NOT, REQUIRED,
   * SHALL, SHALL NOT, SHOULD, SHOULD NOT and RECOMMENDED, but for the section that only says what these words mean.
   */
  readonly keywords: Readonly<Record<string, number>>;
  readonly requirements: readonly Requirement[];
}

const requirement =
  (level: Level) =>
  (section: string, text: string, verdict: Verdict): Requirement => ({
    section,
    level,
    requirement: text,
    verdict,
  });

export const must = requirement('MUST');
export const mustNot = requirement('MUST NOT');
export const should = requirement('SHOULD');
export const shouldNot = requirement('SHOULD NOT');
export const recommended = requirement('RECOMMENDED');

export const tested = (...tests: readonly TestName[]): Verdict => ({ label: 'tested', tests });
export const untestable = (why: string): Verdict => ({ label: 'untestable', why });
export const notForProxy = (why: string): Verdict => ({ label: 'not for a proxy', why });
export const open = (why: string): Verdict => ({ label: 'open', why });

/** `file` is under `test/`, without `.test.ts`. */
export const at = (file: string, title: string): TestName => [`${file}.test.ts`, title];
