// docs/logs.md: the table of log codes, made from the code.
import { type LogCode, logCodes } from '../src/observe/logCodes.js';

export function logsPage(): string {
  const rows = (Object.keys(logCodes) as LogCode[]).sort().map((code) => {
    const { level, happened, done, todo } = logCodes[code];
    return `| \`${code}\` | ${level} | ${happened} | ${done} | ${todo} |`;
  });
  return `# Log lines

<!-- Made by \`npm run docs\` from src/observe/logCodes.ts. -->

The log goes to stderr, or to \`log.path\`: JSON lines, or people's lines on a terminal (\`log.format\`, \`--log-format\`).
Every line has a \`code\` that stays the same from version to version; search and alert on it, not on the text. A line
says what happened, to whom (\`peer\`, \`tag\`, \`rule_id\`, \`server\`, \`sink\`), what was done, and in \`hint\` what to do.
A line of one code about one peer, server or sink is written at most once in ten seconds; \`held_back\` in the next one
says how many were not. The reasons of \`fluent_detect_rejected_total\` are codes of this table too.

| code | level | what happened | what the program did | what to do |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}
