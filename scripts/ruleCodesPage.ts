// docs/rule-codes.md: the table of codes that `rules check` gives, made from the code.
import { ruleCodes } from '../src/rules/ruleCodes.js';

export function ruleCodesPage(): string {
  const rows = Object.entries(ruleCodes)
    .sort(([a, x], [b, y]) => (x.level === y.level ? (a < b ? -1 : 1) : x.level < y.level ? -1 : 1))
    .map(([code, { level, means, cure }]) => `| \`${code}\` | ${level} | ${means} | ${cure} |`);
  return `# Codes of rule errors and warnings

<!-- Made by \`npm run docs\` from src/rules/ruleCodes.ts. -->

What \`fluent-detect rules check\` says of a rule file has a place, \`file:line:column\`, and one of these codes, which stay
the same from version to version. Lines and columns count from 1, columns in UTF-16 units (SARIF's default, and what
editors count); inside a query of several lines the place is that of the character in the file. An error keeps its rule
out of force, and \`run\`, \`filter\` and \`replay\` do not start with one. A rule of a type, language or filter that does
not run here is neither: it is named once with the reason (in SARIF a note) and left out.

\`--format json\` writes \`{files, rules, disabled, unsupported[], errors[], warnings[]}\`; \`--format sarif\` writes SARIF 2.1.0
for code review tools. Exit status: 0 no error (there may be warnings), 1 errors, 2 it could not run.

| code | level | what is wrong | what to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}
