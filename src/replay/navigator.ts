// What rules cover of MITRE ATT&CK, and the layer that the ATT&CK Navigator draws of it (layer format 4.5,
// mitre-attack/attack-navigator, layers/spec).
import { techniquesOf } from '../rules/attack.js';
import type { Threat } from '../rules/rule.js';
import type { RuleFindings } from './replay.js';

interface CoveredTechnique {
  /** `T1528`, `T1078.004`. */
  readonly id: string;
  readonly name: string;
  readonly tactic: Pick<Threat['tactic'], 'id' | 'name'>;
  /** Names of the rules. */
  readonly rules: readonly string[];
  /** How many of the rules matched something. */
  readonly fired: number;
  readonly matches: number;
}

export interface Coverage {
  /** By tactic, then id. */
  readonly techniques: readonly CoveredTechnique[];
  readonly tactics: number;
  /** Rules that name no technique. */
  readonly unmapped: number;
}

export function coverageOf(findings: readonly RuleFindings[]): Coverage {
  const found = new Map<string, { technique: ReturnType<typeof techniquesOf>[number]; by: RuleFindings[] }>();
  const tactics = new Set<string>();
  let unmapped = 0;
  for (const f of findings) {
    const techniques = techniquesOf(f.rule);
    if (techniques.length === 0) unmapped += 1;
    for (const { tactic } of f.rule.threat) tactics.add(tactic.id);
    for (const technique of techniques) {
      const key = `${technique.tactic.id} ${technique.id}`;
      const known = found.get(key) ?? { technique, by: [] };
      found.set(key, known);
      known.by.push(f);
    }
  }
  const techniques = [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([, { technique, by }]): CoveredTechnique => ({
        id: technique.id,
        name: technique.name,
        tactic: { id: technique.tactic.id, name: technique.tactic.name },
        rules: by.map((f) => f.rule.name),
        fired: by.filter((f) => f.matches > 0).length,
        matches: by.reduce((sum, f) => sum + f.matches, 0),
      }),
    );
  return { techniques, tactics: tactics.size, unmapped };
}

/** Rules named in one comment; the rest are counted. */
const NAMED_RULES = 20;

/**
 * A layer whose score is the number of rules, or, with `isFired`, the number of matches (techniques that are covered and
 * did not fire score 0).
 */
export function navigatorLayer({ techniques }: Coverage, isFired: boolean): Record<string, unknown> {
  const score = (t: CoveredTechnique): number => (isFired ? t.matches : t.rules.length);
  const most = techniques.reduce((max, t) => Math.max(max, score(t)), 1);
  return {
    name: isFired ? 'fluent-detect: what fired' : 'fluent-detect: rules in force',
    versions: { attack: '17', navigator: '5.1.0', layer: '4.5' },
    domain: 'enterprise-attack',
    description: isFired
      ? 'Score: matches in the captures. Covered techniques that did not fire score 0.'
      : 'Score: rules in force that name the technique.',
    sorting: 3,
    layout: { layout: 'side', aggregateFunction: 'max', showID: true, showName: true },
    hideDisabled: false,
    techniques: techniques.map((t) => ({
      techniqueID: t.id,
      tactic: tacticName(t.tactic.name),
      score: score(t),
      enabled: true,
      comment: commentOf(t, isFired),
      metadata: [
        { name: 'rules', value: String(t.rules.length) },
        ...(isFired
          ? [
              { name: 'rules that fired', value: String(t.fired) },
              { name: 'matches', value: String(t.matches) },
            ]
          : []),
      ],
      showSubtechniques: t.id.includes('.'),
    })),
    gradient: {
      colors: isFired ? ['#dbe9f6', '#f7a35c', '#d7301f'] : ['#dbe9f6', '#2171b5'],
      minValue: 0,
      maxValue: most,
    },
    legendItems: [],
    showTacticRowBackground: false,
    selectTechniquesAcrossTactics: false,
    selectSubtechniquesWithParent: false,
  };
}

/** The Navigator names tactics in lower case with hyphens. */
function tacticName(name: string): string {
  return name.toLowerCase().replaceAll(' ', '-');
}

function commentOf({ rules, fired }: CoveredTechnique, isFired: boolean): string {
  const more = rules.length > NAMED_RULES ? `\n… and ${rules.length - NAMED_RULES} more` : '';
  const state = isFired ? `${fired} of ${rules.length} rules fired:\n` : '';
  return `${state}${rules.slice(0, NAMED_RULES).join('\n')}${more}`;
}
