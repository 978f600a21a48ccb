// Outcomes as a JUnit report, as CI systems read it.

export interface JunitCase {
  readonly classname: string;
  readonly name: string;
  /** Null: passed. */
  readonly failure: string | null;
  /** Where the case is written, or what it saw. */
  readonly detail: string;
}

export function junitReport(suite: string, cases: readonly JunitCase[]): string {
  const failed = cases.filter((c) => c.failure !== null).length;
  const lines = cases.map(({ classname, name, failure, detail }) => {
    const head = `<testcase classname="${xml(classname)}" name="${xml(name)}"`;
    if (failure === null) return `  ${head}/>`;
    return `  ${head}><failure message="${xml(failure)}">${xml(detail)}</failure></testcase>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="${xml(suite)}" tests="${cases.length}" failures="${failed}">\n${lines.join('\n')}\n</testsuite>\n`;
}

/** Characters that XML 1.0 cannot hold at all, not even as references, are shown as U+FFFD. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[<>&"'\t\n\r]/g, (c) => `&#${c.codePointAt(0)};`);
}
