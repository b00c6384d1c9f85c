/** What a tool call of a prompt keeps of the call on the wire, so that it is sent back as the model wrote it. */
import type * as Prompt from "effect/ai/Prompt"

/** Under `kimi` in the metadata of a tool call, and in its options when it is part of a prompt. */
export type ToolCallMetadata = {
  /** The id that the host gave the call, which it may give another call of a later turn. */
  readonly wireId: string
  /** The name on the wire, when the part has another one. */
  readonly name?: string
  /** The text of the arguments, when encoding `params` does not result in the same text. */
  readonly arguments?: string
}

const isRecord = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null

/** The call as it is sent. Prompts of other providers have no metadata. */
export const toWire = (part: Prompt.ToolCallPart) => {
  // The options of a stored prompt are JSON of any shape.
  const stored: unknown = part.options["kimi"]
  const kimi = isRecord(stored) ? stored : {}
  const text = (name: string): string | undefined => (typeof kimi[name] === "string" ? kimi[name] : undefined)
  return {
    id: text("wireId") ?? part.id,
    name: text("name") ?? part.name,
    arguments: text("arguments") ?? JSON.stringify(part.params ?? {})
  }
}
