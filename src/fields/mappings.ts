// Every source whose raw records are understood, by precedence: the first that recognises a record reads it.
import { awsCloudTrail } from './awsCloudTrail.js';
import {
  azureAadGraphActivity,
  azureActivity,
  azureAudit,
  azureGraphActivity,
  azureIdentityProtection,
  azurePlatform,
} from './azureActivity.js';
import { azureSignIn } from './azureSignIn.js';
import { graphSignIn } from './graphSignIn.js';
import { logAnalyticsActivity, logAnalyticsAudit, logAnalyticsSignIn } from './logAnalytics.js';
import type { SourceMapping } from './mapping.js';
import { oktaSystem } from './oktaSystem.js';

export const sourceMappings: readonly SourceMapping[] = [
  azureSignIn,
  azureAudit,
  azureGraphActivity,
  azureAadGraphActivity,
  azureIdentityProtection,
  azureActivity,
  azurePlatform,
  logAnalyticsSignIn,
  logAnalyticsActivity,
  logAnalyticsAudit,
  graphSignIn,
  awsCloudTrail,
  oktaSystem,
];
