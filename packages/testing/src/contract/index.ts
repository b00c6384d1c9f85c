/**
 * Test suites that every implementation of a service of this library passes.
 * They take the `it` of the test runner.
 *
 * @since 0.1.0
 */
export * as BudgetStoreContract from "./BudgetStoreContract.ts"
export * as CacheStoreContract from "./CacheStoreContract.ts"
