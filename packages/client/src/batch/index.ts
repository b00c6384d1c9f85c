/**
 * Batches that the host runs.
 *
 * @since 0.1.0
 */
export * as BatchApi from "./BatchApi.ts"
