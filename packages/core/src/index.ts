/**
 * Models, typed errors, configuration and resilience of kimi-effect.
 *
 * @since 0.1.0
 */
export * as KimiConfig from "./KimiConfig.ts"
export * as ModelCatalog from "./ModelCatalog.ts"
export * as ErrorFacts from "./errors/ErrorFacts.ts"
export * as KimiError from "./errors/KimiError.ts"
export * as Cost from "./money/Cost.ts"
export * as StreamFold from "./models/StreamFold.ts"
export * as StreamEvent from "./models/StreamEvent.ts"
