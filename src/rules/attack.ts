// The MITRE ATT&CK techniques that a rule names, sub-techniques after their technique, each once.
import type { Rule, Threat } from './rule.js';

export interface NamedTechnique {
  readonly id: string;
  readonly name: string;
  readonly tactic: Threat['tactic'];
}

export function techniquesOf(rule: Pick<Rule, 'threat'>): NamedTechnique[] {
  const all = rule.threat.flatMap(({ tactic, technique }) =>
    technique.flatMap((t) => [t, ...t.subtechnique].map(({ id, name }) => ({ id, name, tactic }))),
  );
  const seen = new Set<string>();
  return all.filter(({ id, tactic }) => {
    const key = `${tactic.id} ${id}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
