/**
 * Test suites that every implementation of a service of this library passes.
 * They take the `it` of the test runner.
 *
 * @since 0.1.0
 */
export * as AdmissionContract from "./AdmissionContract.ts"
export * as BudgetContract from "./BudgetContract.ts"
export * as BudgetStoreContract from "./BudgetStoreContract.ts"
export * as CacheStoreContract from "./CacheStoreContract.ts"
export * as ChatTransportContract from "./ChatTransportContract.ts"
export * as CircuitBreakerContract from "./CircuitBreakerContract.ts"
export * as HostApiContract from "./HostApiContract.ts"
export * as JournalContract from "./JournalContract.ts"
export * as LanguageModelContract from "./LanguageModelContract.ts"
export * as ResponseCacheContract from "./ResponseCacheContract.ts"
