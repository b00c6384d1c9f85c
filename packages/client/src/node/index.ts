/**
 * The Node edge: nothing outside this folder imports Node.
 *
 * @since 0.1.0
 */
export * as AuditLog from "./AuditLog.ts"
export * as ConfigFile from "./ConfigFile.ts"
export * as ConfigWatch from "./ConfigWatch.ts"
export * as FileCacheStore from "./FileCacheStore.ts"
export * as KimiNode from "./KimiNode.ts"
export * as NodeCache from "./NodeCache.ts"
export * as NodeLogging from "./NodeLogging.ts"
export * as RedisBudget from "./RedisBudget.ts"
export * as RedisCacheStore from "./RedisCacheStore.ts"
export * as SqliteBudget from "./SqliteBudget.ts"
export * as SqliteCacheStore from "./SqliteCacheStore.ts"
export * as UndiciHttpClient from "./UndiciHttpClient.ts"
