// The console: asks the stage every two seconds, follows its alerts, and shows one of three views.
import { addAlert } from './alerts.js';
import { follow, get, TokenError, useToken } from './api.js';
import { byId, count, lasting, make } from './dom.js';
import { showFields } from './fields.js';
import { showOverview } from './overview.js';
import { showRules } from './rules.js';

const EVERY_MS = 2000;
const views = ['alerts', 'rules', 'fields'];
/** What each view searches with. */
const searches = { alerts: 'alert-search', rules: 'rule-search', fields: 'field-search' };

/** @returns {'alerts' | 'rules' | 'fields'} */
function viewNow() {
  const name = location.hash.slice(1);
  return /** @type {'alerts' | 'rules' | 'fields'} */ (views.includes(name) ? name : 'alerts');
}

function showView() {
  const now = viewNow();
  for (const name of views) {
    byId(`view-${name}`).hidden = name !== now;
    const link = document.querySelector(`nav a[href="#${name}"]`);
    if (name === now) link?.setAttribute('aria-current', 'page');
    else link?.removeAttribute('aria-current');
  }
  void refresh();
}

/**
 * @param {string} text
 * @param {'ready' | 'away' | ''} kind
 */
function showState(text, kind) {
  const state = byId('state');
  // A screen reader hears it when it changes, not every two seconds.
  if (state.textContent !== text) state.textContent = text;
  state.className = `pill ${kind}`;
}

/** @param {readonly string[]} problems */
function showProblems(problems) {
  const box = byId('problems');
  if (box.innerText.trim() === problems.join('\n').trim()) return;
  box.replaceChildren(...problems.map((p) => make('p', {}, p)));
}

async function refresh() {
  try {
    const view = viewNow();
    const [status, ready, history, rules, fields] = await Promise.all([
      get('api/status'),
      get('readyz', [200, 503]),
      get('api/history'),
      get('api/rules'),
      view === 'fields' ? get('api/fields') : null,
    ]);
    signIn.hidden = true;
    byId('main').hidden = false;
    showState(ready.status === 'ready' ? 'Ready' : 'Not ready', ready.status === 'ready' ? 'ready' : 'away');
    const failing = ready.checks.filter((/** @type {{ ok: boolean }} */ c) => !c.ok);
    showProblems([
      ...failing.map((/** @type {{ reason: string }} */ c) => c.reason),
      ...status.failing_sinks.map(
        (/** @type {string} */ s) => `alert sink ${s} fails: alerts wait in the spool`,
      ),
      ...status.load_errors.map((/** @type {string} */ e) => `rules were not reloaded: ${e}`),
    ]);
    byId('about').textContent =
      `version ${status.version} · rule set ${status.rule_set} · up ${lasting(status.uptime_seconds)}`;
    byId('alerts-count').textContent = status.alerts === 0 ? '' : count(status.alerts);
    showOverview(status, history);
    showRules(rules);
    if (fields) showFields(fields);
  } catch (error) {
    if (error instanceof TokenError) askForToken();
    else showState('The stage does not answer', 'away');
  }
}

const signIn = /** @type {HTMLFormElement} */ (byId('sign-in'));
const token = /** @type {HTMLInputElement} */ (byId('token'));
let tried = false;
/** Wakes the stream once a token is there. @type {(() => void) | null} */
let wake = null;

function askForToken() {
  byId('main').hidden = true;
  showState('A token is needed', 'away');
  byId('sign-in-error').textContent = tried ? 'That is not the token of this stage.' : '';
  if (!signIn.hidden) return;
  signIn.hidden = false;
  token.focus();
}
signIn.addEventListener('submit', (event) => {
  event.preventDefault();
  useToken(token.value);
  token.value = '';
  tried = true;
  wake?.();
  void refresh();
});

/** The latest alerts, then each as it comes; the same again when the stage was away. */
async function alerts() {
  let last = 0;
  /**
   * @param {import('./api.js').Alert} alert
   * @param {boolean} isNew
   */
  const take = (alert, isNew) => {
    if (alert.seq <= last) return;
    last = alert.seq;
    addAlert(alert, isNew);
  };
  for (let first = true; ; first = false) {
    try {
      const page = await get(first ? 'api/alerts?limit=200' : `api/alerts?since=${last}&limit=1000`);
      for (const alert of page.alerts) take(alert, !first);
      await follow(last, (alert) => take(alert, true));
    } catch (error) {
      if (error instanceof TokenError) await new Promise((resolve) => (wake = () => resolve(null)));
    }
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
  }
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key !== '/' || event.ctrlKey || event.metaKey || target.matches('input, select, textarea'))
    return;
  event.preventDefault();
  byId(searches[viewNow()]).focus();
});
addEventListener('hashchange', showView);
document.addEventListener('visibilitychange', () => void refresh());
setInterval(() => {
  if (!document.hidden && signIn.hidden) void refresh();
}, EVERY_MS);
showView();
void alerts();
