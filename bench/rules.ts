// Rule sets of any size for the benchmark: the seed rule, and variants of one shape as published sets have them
// (a dataset, an action or protocol, an application, an outcome).

const BROKER = '29d9ed98-a469-4536-ade2-f981bc1d605e';

export function seedRule(): Record<string, unknown> {
  return ruleOf(
    'a83b3dac-325a-11ef-b3e6-f661ea17fbce',
    `event.dataset:(azure.activitylogs or azure.signinlogs)
and azure.signinlogs.properties.authentication_protocol:deviceCode
and azure.signinlogs.properties.conditional_access_audiences.application_id:${BROKER}
and event.outcome:success or (
azure.activitylogs.properties.appId:${BROKER}
and azure.activitylogs.properties.authentication_protocol:deviceCode)`,
  );
}

export function variants(count: number): Record<string, unknown>[] {
  const shapes = [
    (n: number) =>
      `event.dataset:azure.signinlogs and event.outcome:success and azure.signinlogs.properties.app_id:app-${n}`,
    (n: number) =>
      `data_stream.dataset:aws.cloudtrail and event.provider:svc${n % 40}.amazonaws.com and event.action:(Delete${n} or Update${n}) and event.outcome:success`,
    (n: number) =>
      `event.category:process and host.os.type:windows and process.name:(tool${n}.exe or tool${n}.com)`,
    (n: number) =>
      `event.dataset:azure.signinlogs and azure.signinlogs.properties.authentication_protocol:deviceCode and user.name:*-admin${n}@contoso.example`,
    (n: number) =>
      `event.dataset:okta.system and event.action:policy.rule.delete${n} and not user.email:svc${n}*`,
  ];
  return Array.from({ length: count }, (_, i) =>
    ruleOf(`00000000-0000-4000-8000-${String(i).padStart(12, '0')}`, shapes[i % shapes.length]!(i)),
  );
}

function ruleOf(id: string, query: string): Record<string, unknown> {
  return {
    rule_id: id,
    name: `Bench ${id.slice(-6)}`,
    description: 'A rule of the benchmark.',
    risk_score: 47,
    severity: 'medium',
    type: 'query',
    language: 'kuery',
    query,
    from: 'now-9m',
    author: ['bench'],
    threat: [
      {
        framework: 'MITRE ATT&CK',
        tactic: {
          id: 'TA0006',
          name: 'Credential Access',
          reference: 'https://attack.mitre.org/tactics/TA0006/',
        },
        technique: [
          {
            id: 'T1528',
            name: 'Steal Application Access Token',
            reference: 'https://attack.mitre.org/techniques/T1528/',
          },
        ],
      },
    ],
  };
}
