/**
 * Agents: tools and what runs them, and the loop in which a model calls them.
 *
 * @since 0.1.0
 */
export * as AgentEvent from "./AgentEvent.ts"
export * as AgentHooks from "./AgentHooks.ts"
export * as AgentLimits from "./AgentLimits.ts"
export * as AgentLoop from "./AgentLoop.ts"
export * as AgentOptions from "./AgentOptions.ts"
export * as AgentResult from "./AgentResult.ts"
export * as AgentState from "./AgentState.ts"
export * as KimiTool from "./KimiTool.ts"
export * as StructuredOutput from "./StructuredOutput.ts"
export * as ToolSchema from "./ToolSchema.ts"
export * as ToolSet from "./ToolSet.ts"
