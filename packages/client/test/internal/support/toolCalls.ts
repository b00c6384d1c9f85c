import type { ToolCallChunk } from "@kimi-effect/core/ChatCompletionChunk"

export type Piece = typeof ToolCallChunk.Type

/** A piece of a tool call, which has only the members that are given. */
export const piece = (index: number | null | undefined, id?: string, name?: string, args?: string): Piece => ({
  ...(index === undefined ? {} : { index }),
  ...(id === undefined ? {} : { id }),
  ...(name === undefined && args === undefined
    ? {}
    : { function: { ...(name === undefined ? {} : { name }), ...(args === undefined ? {} : { arguments: args }) } })
})
