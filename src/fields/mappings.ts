// Every source whose raw records are understood, by precedence: the first that recognises a record reads it.
import { awsCloudTrail } from './awsCloudTrail.js';
import { azureActivity } from './azureActivity.js';
import { azureAudit } from './azureAudit.js';
import { azureAadGraphActivity, azureGraphActivity, azureIdentityProtection } from './azureEntra.js';
import { azurePlatform } from './azurePlatform.js';
import { azureSignIn, azureSignInPascal } from './azureSignIn.js';
import { graphSignIn } from './graphSignIn.js';
import { logAnalyticsSignIn } from './logAnalytics.js';
import {
  logAnalyticsActivity,
  logAnalyticsAudit,
  logAnalyticsGraphActivity,
  logAnalyticsIdentityProtection,
} from './logAnalyticsOther.js';
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
  logAnalyticsGraphActivity,
  logAnalyticsIdentityProtection,
  azureSignInPascal,
  graphSignIn,
  awsCloudTrail,
  oktaSystem,
];
