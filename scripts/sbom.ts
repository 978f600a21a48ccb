// `npm run sbom`: a CycloneDX bill of what a user installs. npm's own `--omit dev` leaves out packages that development
// tools need too; so the whole bill is asked for, and what is only for development taken out by npm's own mark.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

interface Component {
  readonly 'bom-ref': string;
  readonly properties?: readonly { readonly name: string; readonly value: string }[];
}
interface Bill {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
  cwd: fileURLToPath(new URL('../../', import.meta.url)),
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
});
if (status !== 0) {
  process.stderr.write(stderr);
  process.exitCode = 1;
} else {
  const bill = JSON.parse(stdout) as Bill;
  const isDevelopment = (c: Component): boolean =>
    c.properties?.some((p) => p.name === 'cdx:npm:package:development' && p.value === 'true') === true;
  const left = new Set(bill.components.filter(isDevelopment).map((c) => c['bom-ref']));
  const shipped = {
    ...bill,
    components: bill.components.filter((c) => !left.has(c['bom-ref'])),
    dependencies: bill.dependencies
      .filter((d) => !left.has(d.ref))
      .map((d) => ({ ...d, dependsOn: (d.dependsOn ?? []).filter((ref) => !left.has(ref)) })),
  };
  process.stdout.write(`${JSON.stringify(shipped, null, 2)}\n`);
}
