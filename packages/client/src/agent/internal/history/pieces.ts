/** What the parts of foreign messages mean, under the names of any client. */
import type { ContentPart } from "@kimi-effect/core/Message"
import { isObject, type Members, own } from "../../../internal/jsonMembers.ts"
import { mediaPart } from "./media.ts"

/** A call as it was found; an id or a name may be absent. */
export interface FoundCall {
  readonly id: string | undefined
  readonly name: string
  /** JSON text. */
  readonly args: string
}

/** A result as it was found. */
export interface FoundResult {
  readonly id: string | undefined
  readonly name: string | undefined
  readonly content: string | ReadonlyArray<ContentPart>
}

/** One meaning of a part. A `step` separates turns within one message (AI SDK). */
export type Piece =
  | { readonly kind: "part"; readonly part: ContentPart }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "call"; readonly call: FoundCall }
  | { readonly kind: "result"; readonly result: FoundResult }
  | { readonly kind: "step" }
  | { readonly kind: "ignored"; readonly type: string }

export const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

/** The first of these members that is set. */
const firstOf = (part: Members, ...names: ReadonlyArray<string>): unknown => {
  for (const name of names) {
    const value = own(part, name)
    if (value !== undefined && value !== null) return value
  }
  return undefined
}

/** Arguments as JSON text: clients keep them as text or as an object, and as nothing for a call without any. */
const argumentsText = (value: unknown): string => {
  if (value === undefined || value === null || value === "") return "{}"
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** A call in the form of OpenAI (`function: {name, arguments}`) or with flat members (LangChain, AI SDK, Anthropic). */
export const readCall = (found: unknown): FoundCall | undefined => {
  if (!isObject(found)) return undefined
  const nested = own(found, "function")
  const members = isObject(nested) ? nested : found
  const name = textOf(firstOf(members, "name", "toolName"))
  if (name === undefined) return undefined
  const id = textOf(firstOf(found, "toolCallId", "id", "call_id"))
  return { id, name, args: argumentsText(firstOf(members, "arguments", "input", "args", "params")) }
}

/** The content of a result: a text, parts, an AI SDK output `{type, value}`, or any JSON. */
const readResultContent = (output: unknown): string | ReadonlyArray<ContentPart> => {
  if (output === undefined || output === null) return ""
  if (typeof output === "string") return output
  if (Array.isArray(output)) {
    const parts = output.flatMap(readPart)
    const isContent = parts.length > 0 && parts.every((piece) => piece.kind === "part")
    return isContent ? parts.flatMap((piece) => (piece.kind === "part" ? [piece.part] : [])) : JSON.stringify(output)
  }
  if (isObject(output) && typeof own(output, "type") === "string" && Object.hasOwn(output, "value")) {
    return readResultContent(own(output, "value"))
  }
  return JSON.stringify(output)
}

const readResult = (part: Members): Piece => ({
  kind: "result",
  result: {
    id: textOf(firstOf(part, "toolCallId", "tool_use_id", "tool_call_id", "id")),
    name: textOf(firstOf(part, "toolName", "name")),
    content: readResultContent(firstOf(part, "output", "result", "content"))
  }
})

/** A part of the AI SDK's messages for user interfaces: a call and, when it has run, its result or its error. */
const readToolPart = (part: Members, name: string): ReadonlyArray<Piece> => {
  const id = textOf(own(part, "toolCallId"))
  const call: Piece = { kind: "call", call: { id, name, args: argumentsText(firstOf(part, "input", "rawInput")) } }
  const output = firstOf(part, "output", "errorText")
  return output === undefined
    ? [call]
    : [call, { kind: "result", result: { id, name, content: readResultContent(output) } }]
}

const readReasoning = (part: Members): Piece => ({
  kind: "reasoning",
  text: textOf(firstOf(part, "text", "thinking", "reasoning")) ?? ""
})

/** The longest name of a part's type that is reported. */
const maxTypeLength = 64

/** Part types with one meaning. */
const readers: ReadonlyMap<string, (part: Members) => ReadonlyArray<Piece>> = new Map<
  string,
  (part: Members) => ReadonlyArray<Piece>
>([
  ...["text", "input_text", "output_text"].map(
    (type) => [type, (part: Members) => readPart(textOf(own(part, "text")) ?? "")] as const
  ),
  ["refusal", (part) => readPart(textOf(own(part, "refusal")) ?? "")],
  ...["reasoning", "thinking"].map((type) => [type, (part: Members) => [readReasoning(part)]] as const),
  ...["tool-result", "tool_result"].map((type) => [type, (part: Members) => [readResult(part)]] as const),
  ["step-start", () => [{ kind: "step" }]],
  ["dynamic-tool", (part) => readToolPart(part, textOf(own(part, "toolName")) ?? "")]
])

const callTypes: ReadonlySet<string> = new Set(["tool-call", "tool_use", "tool_call"])

/** What one part of a content array means. */
const readPart = (part: unknown): ReadonlyArray<Piece> => {
  if (typeof part === "string") return part === "" ? [] : [{ kind: "part", part: { type: "text", text: part } }]
  const type = isObject(part) ? textOf(own(part, "type")) : undefined
  if (!isObject(part) || type === undefined) return [{ kind: "ignored", type: "without a type" }]
  const read = readers.get(type)
  if (read !== undefined) return read(part)
  if (callTypes.has(type)) {
    const call = readCall(part)
    if (call !== undefined) return [{ kind: "call", call }]
  }
  const media = mediaPart(part, type)
  if (media !== undefined) return [{ kind: "part", part: media }]
  if (type.startsWith("tool-") && Object.hasOwn(part, "toolCallId")) return readToolPart(part, type.slice(5))
  return [{ kind: "ignored", type: type.slice(0, maxTypeLength) }]
}

/** What a content means: a text, a list of parts, or nothing. */
export const readContent = (content: unknown): ReadonlyArray<Piece> =>
  Array.isArray(content)
    ? content.flatMap(readPart)
    : content === undefined || content === null
      ? []
      : readPart(content)
