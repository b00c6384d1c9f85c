/**
 * Models, typed errors, configuration and resilience of kimi-effect.
 *
 * @since 0.1.0
 */
export * as ErrorFacts from "./errors/ErrorFacts.ts"
export * as KimiError from "./errors/KimiError.ts"
export type * as OperationErrors from "./errors/OperationErrors.ts"
export { PartialAnswer } from "./errors/PartialAnswer.ts"
export * as KimiConfig from "./KimiConfig.ts"
export * as ModelCatalog from "./ModelCatalog.ts"
export { Balance } from "./models/Balance.ts"
export * as Batch from "./models/Batch.ts"
export { ChatRequest } from "./models/ChatRequest.ts"
export { ChatResponse } from "./models/ChatResponse.ts"
export * as File from "./models/File.ts"
export * as Message from "./models/Message.ts"
export { Model } from "./models/ModelList.ts"
export * as StreamEvent from "./models/StreamEvent.ts"
export * as StreamFold from "./models/StreamFold.ts"
export * as Tool from "./models/Tool.ts"
export { Usage } from "./models/Usage.ts"
export * as Cost from "./money/Cost.ts"
export * as Backoff from "./resilience/Backoff.ts"
export * as CircuitBreaker from "./resilience/CircuitBreaker.ts"
export * as Pipeline from "./resilience/Pipeline.ts"
export * as Retry from "./resilience/Retry.ts"
export * as RetryBudget from "./resilience/RetryBudget.ts"
export * as Timeout from "./resilience/Timeout.ts"
