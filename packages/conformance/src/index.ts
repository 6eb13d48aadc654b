/**
 * Test suites for the plugins of Bitloom, one for each port that plugins bring. A suite takes the `describe` and `it` of any test runner and
 * an implementation; the names of its tests are what the port promises.
 *
 * ```ts
 * import { pickerConformance } from '@bitloom/conformance'
 * import { describe, it } from 'node:test'
 * import { myPicker } from '../src/my-picker.js'
 *
 * pickerConformance({ describe, it }, { picker: myPicker })
 * ```
 */
export { chokerConformance, type ChokerConformanceOptions } from './choker/choker-conformance.js'
export { extensionConformance, type ExtensionConformanceOptions } from './extension/extension-conformance.js'
export { pickerConformance, type PickerConformanceOptions } from './picker/picker-conformance.js'
export { resumeStoreConformance, type ResumeStoreConformanceOptions } from './resume/resume-store-conformance.js'
export type { StorageOffer } from './storage/offered.js'
export { storageConformance, type StorageConformanceOptions } from './storage/storage-conformance.js'
export type { ArrivedAnnounce, PlayedTracker, ServedTracker, TestedClient, TrackerReply } from './tracker/played.js'
export { trackerConformance, type TrackerConformanceOptions } from './tracker/tracker-conformance.js'
export type { ConnectedPair } from './transport/bench.js'
export { transportConformance, type TransportConformanceOptions } from './transport/transport-conformance.js'
export type { TestFunction, TestRunner } from './kit/runner.js'
