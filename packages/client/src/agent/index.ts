/**
 * What is built over a client: tools and what runs them, conversations and their
 * histories, and Kimi as a language model of `effect/ai`.
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
export * as AiErrors from "./AiErrors.ts"
export * as Conversation from "./Conversation.ts"
export * as History from "./History.ts"
export * as KimiLanguageModel from "./KimiLanguageModel.ts"
export * as KimiTool from "./KimiTool.ts"
export * as StructuredOutput from "./StructuredOutput.ts"
export * as ToolSchema from "./ToolSchema.ts"
export * as ToolSet from "./ToolSet.ts"
