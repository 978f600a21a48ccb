// The package's door: a detector for records, a Transform stream over it, and the stage itself.
export type { ListenAddress, RuleOverlay } from './src/config/config.js';
export type {
  Detected,
  DetectedAlert,
  DetectedMatch,
  Detector,
  DetectorOptions,
  LogRecord,
} from './src/library/detector.js';
export { createDetector, RulesError } from './src/library/detector.js';
export type { DetectTransformEvents, DetectTransformOptions } from './src/library/detectTransform.js';
export { DetectTransform } from './src/library/detectTransform.js';
export type { StageHandle, StageOptions } from './src/library/libraryStage.js';
export { startStage } from './src/library/libraryStage.js';
export type { Severity } from './src/rules/rule.js';
export type { AlertSummary } from './src/stage/summary.js';
