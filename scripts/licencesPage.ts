// docs/licences.md: what a user installs, package by package, with its licence; made from the lockfile.

interface LockedPackage {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

/** Licences that an Apache-2.0 program may carry without a question. */
const plain = new Set([
  'MIT',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'Unlicense',
  'CC0-1.0',
]);

/** The packages of a lockfile that are installed for a user. @param lock package-lock.json's text. */
export function runtimePackages(lock: string): { name: string; licence: string; plain: boolean }[] {
  const { packages } = JSON.parse(lock) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages)
    .filter(([path, p]) => path !== '' && p.dev !== true && p.link !== true)
    .map(([path, p]) => {
      const licence = p.license ?? 'not said';
      return {
        name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
        licence,
        plain: plain.has(licence),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

export function licencesPage(lock: string): string {
  const rows = runtimePackages(lock).map((p) => `| ${p.name} | ${p.licence} |`);
  return `# Licences

<!-- Made by \`npm run docs\` from package-lock.json. -->

fluent-detect is under Apache-2.0. These packages are installed with it (development tools are not):

| package | licence |
| --- | --- |
${rows.join('\n')}
`;
}
