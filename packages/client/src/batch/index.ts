/**
 * Many requests: run by this program, or by the host.
 *
 * @since 0.1.0
 */
export * as Batch from "./Batch.ts"
export * as BatchApi from "./BatchApi.ts"
export * as BatchProgress from "./BatchProgress.ts"
export * as BatchResponse from "./BatchResponse.ts"
export * as BatchMode from "./BatchMode.ts"
export * as HostBatch from "./HostBatch.ts"
export * as HostBatchEvent from "./HostBatchEvent.ts"
