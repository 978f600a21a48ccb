// What the chaos tests share: how long they go on, and how they print their figures.

/** `npm run chaos`: many rounds; otherwise the short form that CI runs. */
export const long = process.env['CHAOS'] === 'long';

/** Prints what a test has measured, as one line. */
export function figures(what: string, values: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(values).map(([name, value]) => `${name} ${value}`);
  process.stdout.write(`chaos: ${what}: ${text.join(', ')}\n`);
}
