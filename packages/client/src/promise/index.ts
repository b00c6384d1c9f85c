/**
 * Kimi for programs that are not written with Effect.
 *
 * @since 0.1.0
 */
export * as AgentRequest from "./AgentRequest.ts"
export * as Kimi from "./Kimi.ts"
