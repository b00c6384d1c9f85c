/**
 * The sections of a request as digests, in the order in which they form the prefix
 * that a host caches: the model and its thinking, the tools, and every message
 * (source: Moonshot's page on context caching).
 *
 * @since 0.1.0
 */
import type { ModelRequest } from "../../../models/ChatRequest.ts"
import * as Digest from "./Digest.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Fingerprint {
  readonly model: string
  readonly thinking: number
  /** The tools in their order. */
  readonly tools: number
  /** The tools in any order. */
  readonly toolSet: number
  readonly messages: ReadonlyArray<number>
  /** The number of system messages at the beginning. */
  readonly instructions: number
  /** What identifies the conversation where it has no cache key: its first message that is no instruction. */
  readonly opening: number | undefined
}

/**
 * Where two requests of a conversation differ first.
 *
 * @category models
 * @since 0.1.0
 */
export type Difference =
  | { readonly section: "model" | "thinking" | "tools reordered" | "tools changed" }
  | { readonly section: "system" | "message"; readonly index: number }

/** Digests of equal tools, in any order. Calls often share the same list. */
const toolDigests = new WeakMap<object, readonly [ordered: number, set: number]>()

const digestTools = (tools: ModelRequest["tools"]): readonly [ordered: number, set: number] => {
  if (tools === undefined || tools.length === 0) return [0, 0]
  const known = toolDigests.get(tools)
  if (known !== undefined) return known
  const each = tools.map(Digest.of)
  const digests = [Digest.of(each), Digest.of(each.toSorted((a, b) => a - b))] as const
  toolDigests.set(tools, digests)
  return digests
}

/** A request is the same object in every attempt of its call. */
const fingerprints = new WeakMap<ModelRequest, Fingerprint>()

/**
 * The fingerprint of a request. It reads every character of the prompt once, about
 * a millisecond for 500,000.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (request: ModelRequest): Fingerprint => {
  const known = fingerprints.get(request)
  if (known !== undefined) return known
  const [tools, toolSet] = digestTools(request.tools)
  const messages = request.messages.map(Digest.of)
  const first = request.messages.findIndex(({ role }) => role !== "system")
  const instructions = first < 0 ? messages.length : first
  const fingerprint = {
    model: request.model,
    thinking: Digest.of([request.thinking ?? null, request.reasoning_effort ?? null]),
    tools,
    toolSet,
    messages,
    instructions,
    opening: messages[instructions]
  }
  fingerprints.set(request, fingerprint)
  return fingerprint
}

/**
 * The number of equal sections at the beginning of two requests.
 *
 * @category getters
 * @since 0.1.0
 */
export const commonSections = (a: Fingerprint, b: Fingerprint): number => {
  if (a.model !== b.model) return 0
  if (a.thinking !== b.thinking) return 1
  if (a.tools !== b.tools) return 2
  const length = Math.min(a.messages.length, b.messages.length)
  let common = 0
  while (common < length && a.messages[common] === b.messages[common]) common += 1
  return 3 + common
}

/**
 * Whether a request begins with all of another one.
 *
 * @category guards
 * @since 0.1.0
 */
export const isExtension = (next: Fingerprint, previous: Fingerprint): boolean =>
  commonSections(next, previous) === 3 + previous.messages.length

/**
 * The first section in which a request differs from the previous one of its
 * conversation; none if one of them is the beginning of the other.
 *
 * @category getters
 * @since 0.1.0
 */
export const difference = (next: Fingerprint, previous: Fingerprint): Difference | undefined => {
  if (next.model !== previous.model) return { section: "model" }
  if (next.thinking !== previous.thinking) return { section: "thinking" }
  if (next.tools !== previous.tools) {
    return { section: next.toolSet === previous.toolSet ? "tools reordered" : "tools changed" }
  }
  const index = commonSections(next, previous) - 3
  if (index >= Math.min(next.messages.length, previous.messages.length)) return undefined
  return { section: index < Math.max(next.instructions, previous.instructions) ? "system" : "message", index }
}
