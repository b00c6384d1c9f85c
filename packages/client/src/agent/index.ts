/**
 * Tools, and what runs them.
 *
 * @since 0.1.0
 */
export * as KimiTool from "./KimiTool.ts"
export * as ToolSchema from "./ToolSchema.ts"
export * as ToolSet from "./ToolSet.ts"
