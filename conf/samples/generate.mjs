// Makes the sample capture beside it: `node conf/samples/generate.mjs [FOLDER]`. The same files at every run.
// A working day of a made-up tenant, with device-code attacks in it and what looks like one and is none.
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { abroad, apps, azureCli, BROKER, brokerApp, peopleOf, resources } from './people.mjs';
import { addressOf, audit, policiesOfTenant, randomOf, registration, signIn, toEcs } from './records.mjs';

const r = randomOf(20260310);
const people = peopleOf(r.guid);
const tenant = { policies: policiesOfTenant(r) };
const day = Date.UTC(2026, 2, 10, 6);
const hours = 10 * 3600 * 1000;

const servicePrincipals = ['app-billing-sync', 'app-backup', 'mi-web-frontend', 'mi-ingest'].map((name) => ({
  name,
  upn: '',
  id: r.guid(),
  place: people[0].place,
}));

/** Normal traffic at one moment. */
function ordinary(at) {
  const dice = r.random();
  const user = r.pick(people);
  if (dice < 0.08) return audit(r, at, user);
  if (dice < 0.2) {
    const category = r.pick(['ServicePrincipalSignInLogs', 'ManagedIdentitySignInLogs']);
    return signIn(r, tenant, { at, category, user: r.pick(servicePrincipals), app: r.pick(apps) });
  }
  const category = dice < 0.4 ? 'SignInLogs' : 'NonInteractiveUserSignInLogs';
  const failed = r.chance(0.04);
  const full = r.chance(0.03);
  return signIn(r, tenant, {
    at,
    category,
    user,
    app: r.pick(apps),
    full,
    ...(r.chance(0.03) ? { protocol: r.pick(['oAuth2', 'saml20', 'ropc', 'wsFederation']) } : {}),
    ...(failed ? { error: 50126, reason: 'Invalid username or password.' } : {}),
    ...(r.chance(0.02) ? { audiences: [] } : {}),
    ...(r.chance(0.1) ? { audiences: [resources[0][0], resources[1][0]] } : {}),
  });
}

/** What a device-code phish looks like in the log: pending, then the success, then the tokens at work. */
function attack(at, user) {
  const correlation = r.guid();
  const ip = addressOf(abroad, r);
  const base = {
    user,
    place: abroad,
    ip,
    correlation,
    app: brokerApp,
    resource: registration,
    category: 'SignInLogs',
    agent: 'python-requests/2.32.3',
    device: { deviceId: '', operatingSystem: 'Windows 10', browser: 'Python Requests 2.32' },
  };
  const pending = {
    error: 50199,
    reason: 'For security reasons, user confirmation is required for this request.',
  };
  const audiences = [BROKER, registration[0]];
  return {
    before: [signIn(r, tenant, { ...base, at, protocol: 'deviceCode', audiences, ...pending })],
    match: signIn(r, tenant, { ...base, at: at + 41_000, protocol: 'deviceCode', audiences, risk: 'medium' }),
    after: [1, 2, 3].map((n) =>
      signIn(r, tenant, {
        ...base,
        at: at + 41_000 + n * 90_000,
        category: 'NonInteractiveUserSignInLogs',
        resource: r.pick(resources),
        transfer: 'deviceCodeFlow',
      }),
    ),
  };
}

/** Looks like it, and is not: each misses one condition of the rule. */
function nearMisses(at) {
  const user = () => r.pick(people);
  const code = { protocol: 'deviceCode', category: 'SignInLogs' };
  return [
    // A developer's own device code sign-in: other audiences.
    signIn(r, tenant, { ...code, at, user: user(), app: azureCli, audiences: [resources[3][0]] }),
    // The broker, failed: no outcome success.
    signIn(r, tenant, {
      ...code,
      at: at + 60_000,
      user: user(),
      app: brokerApp,
      audiences: [BROKER],
      error: 50126,
      reason: 'Invalid username or password.',
    }),
    signIn(r, tenant, {
      ...code,
      at: at + 90_000,
      user: user(),
      app: brokerApp,
      audiences: [BROKER],
      error: 50097,
      reason: 'Device authentication is required.',
    }),
    // The broker by browser: another protocol.
    signIn(r, tenant, {
      at: at + 120_000,
      category: 'SignInLogs',
      user: user(),
      app: brokerApp,
      audiences: [BROKER],
      protocol: 'oAuth2',
    }),
  ];
}

const normal = (count) =>
  Array.from({ length: count }, (_, n) => ordinary(day + Math.floor(((n + r.random()) * hours) / count)));

/** Puts a story into the traffic where its time is; returns the records in an order a hub would give. */
function weave(traffic, stories) {
  const out = [...traffic, ...stories];
  const at = (record) => Date.parse(record.properties?.createdDateTime ?? record.time);
  // Delivered by `time`, minutes after the fact and not quite in its order.
  return out
    .map((record, n) => [Date.parse(record.time) || at(record), n, record])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1])
    .map(([, , record]) => record);
}

const matched = new Set();
function attacksAt(...times) {
  return times.flatMap((minutes) => {
    const story = attack(day + minutes * 60_000, r.pick(people));
    matched.add(story.match.properties.id);
    return [...story.before, story.match, ...story.after];
  });
}

// Raw records, one a line, as a Blob export or a splitter gives them. One event comes twice, as hubs do.
const rawStories = attacksAt(37, 171, 288, 402);
const raw = weave(normal(1_800), [
  ...rawStories,
  ...nearMisses(day + 3_600_000),
  ...nearMisses(day + 18_000_000),
]);
const twice = raw.findIndex((x) => matched.has(x.properties?.id));
raw.splice(twice + 25, 0, raw[twice]);

// Envelopes of 1 to 20 records, as Event Hubs gives them.
const hub = weave(normal(640), [...attacksAt(95, 333, 520), ...nearMisses(day + 9_000_000)]);
const envelopes = [];
for (let i = 0; i < hub.length; ) {
  const size = 1 + r.below(20);
  envelopes.push({ records: hub.slice(i, i + size) });
  i += size;
}

// ECS events, every fourth with dotted names.
const ecsSource = weave(normal(330), [...attacksAt(210, 444), ...nearMisses(day + 27_000_000)]).filter(
  (x) => x.properties?.status,
);
const ecs = ecsSource.map((record, n) => toEcs(record, n % 4 === 3));

const folder = process.argv[2] ?? dirname(fileURLToPath(import.meta.url));
const files = {
  'entra-records.ndjson': raw,
  'entra-eventhub.ndjson': envelopes,
  'entra-ecs.ndjson': ecs,
};
const expected = { rule_id: 'a83b3dac-325a-11ef-b3e6-f661ea17fbce', files: {} };
const idsOf = (x) =>
  x.records ? x.records.map((y) => y.properties?.id) : [x.properties?.id ?? x.event?.id ?? x['event.id']];
for (const [name, lines] of Object.entries(files)) {
  writeFileSync(join(folder, name), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  expected.files[name] = {
    lines: lines.length,
    records: lines.reduce((sum, x) => sum + (x.records?.length ?? 1), 0),
    matches: lines.flatMap((x, n) =>
      idsOf(x).flatMap((id, place) =>
        matched.has(id) ? [{ line: n + 1, ...(x.records ? { path: `records[${place}]` } : {}), id }] : [],
      ),
    ),
  };
}
writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`);
