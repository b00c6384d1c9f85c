/**
 * Everything that needs Node. Modules with the name of a module of
 * `@kimi-effect/core` export all of it, and add or replace layers.
 *
 * @since 0.1.0
 */
export * as Admission from "./Admission.ts"
export * as AuditLog from "./AuditLog.ts"
export * as BatchJob from "./BatchJob.ts"
export * as Budget from "./Budget.ts"
export * as BudgetStore from "./BudgetStore.ts"
export * as CacheStore from "./CacheStore.ts"
export * as CircuitBreaker from "./CircuitBreaker.ts"
export * as ConfigFile from "./ConfigFile.ts"
export * as ConfigWatch from "./ConfigWatch.ts"
export * as Files from "./Files.ts"
export * as HostBatch from "./HostBatch.ts"
export * as HostBatchJob from "./HostBatchJob.ts"
export * as Journal from "./Journal.ts"
export * as Kimi from "./Kimi.ts"
export * as KimiNode from "./KimiNode.ts"
export * as Logging from "./Logging.ts"
export * as Media from "./Media.ts"
export * as Redis from "./Redis.ts"
export * as ResponseCache from "./ResponseCache.ts"
export * as SharedBatchJob from "./SharedBatchJob.ts"
export * as UndiciHttpClient from "./UndiciHttpClient.ts"
