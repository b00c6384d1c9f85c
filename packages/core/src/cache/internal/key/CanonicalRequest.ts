/**
 * The canonical text of a request: everything that can change its response.
 * Requests with the same text are equal for the cache.
 *
 * Every member counts unless it is known not to, including unknown members and
 * those of `extra_body`. A member that equals its default is left out: defaults
 * of the API everywhere, defaults of a model at Moonshot's own hosts, which the
 * catalogue describes.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as ModelCatalog from "../../../ModelCatalog.ts"
import type { ModelRequest } from "../../../models/ChatRequest.ts"
import { stringify, canonicalizeText } from "./CanonicalJson.ts"

/** How the response is sent, the host's own cache, and the end user. */
const ignoredMembers: ReadonlySet<string> = new Set([
  "stream",
  "stream_options",
  "prompt_cache_key",
  "prompt_cache_options",
  "safety_identifier"
])

/** Members that `extra_body` cannot override. */
const fixedMembers: ReadonlySet<string> = new Set(["model", "messages"])

/** Members whose names depend on the host, so that those of `extra_body` are distinct. */
const hostSpecificMembers: ReadonlySet<string> = new Set([
  "max_tokens",
  "max_completion_tokens",
  "thinking",
  "reasoning_effort"
])

/** The host and model of a request. */
interface RequestContext {
  readonly isMoonshot: boolean
  readonly knownModel: ModelCatalog.KnownModel | undefined
  readonly isThinking: boolean
  readonly hasTools: boolean
}

const unknownHost: RequestContext = { isMoonshot: false, knownModel: undefined, isThinking: false, hasTools: false }

const requestContext = (provider: string, request: ModelRequest): RequestContext => {
  const hasTools = request.tools !== undefined && request.tools.length > 0
  if (provider !== "moonshot" && provider !== "moonshot-cn")
    return hasTools ? { ...unknownHost, hasTools } : unknownHost
  const known = ModelCatalog.find(request.model)
  const isThinking = known?.capabilities.thinking !== "switch" || request.thinking?.type !== "disabled"
  return { isMoonshot: true, knownModel: known, isThinking, hasTools }
}

type Normalizer = (value: unknown, context: RequestContext) => unknown

/** Whether an object has exactly this member. */
const hasOnly = (object: unknown, name: string, value: unknown): boolean =>
  Predicate.isObject(object) && Object.keys(object).length === 1 && object[name] === value

const omitDefault =
  (standard: unknown): Normalizer =>
  (value) =>
    value === standard ? undefined : value

/** Removes `strict` if it equals the default. */
const withoutStrict = (definition: unknown): unknown => {
  if (!Predicate.isObject(definition) || definition["strict"] !== true) return definition
  const { strict: _, ...rest } = definition
  return rest
}

const mapMember = (object: unknown, name: string, change: (value: unknown) => unknown): unknown =>
  Predicate.isObject(object) && name in object ? { ...object, [name]: change(object[name]) } : object

/** Normalizes members: `undefined` for a default, and one form for equal values. */
const normalizers: ReadonlyMap<string, Normalizer> = new Map<string, Normalizer>([
  ["n", omitDefault(1)],
  ["presence_penalty", omitDefault(0)],
  ["frequency_penalty", omitDefault(0)],
  ["logprobs", omitDefault(false)],
  ["stop", (value) => (typeof value === "string" ? [value] : value)],
  [
    "temperature",
    (value, { isThinking, knownModel: known }) => {
      const fixed = known?.capabilities.sampling
      const standard = isThinking ? fixed?.temperature : (fixed?.temperatureNotThinking ?? fixed?.temperature)
      return value === standard ? undefined : value
    }
  ],
  ["top_p", (value, { knownModel: known }) => (value === known?.capabilities.sampling?.topP ? undefined : value)],
  [
    "response_format",
    (value, { isMoonshot }) => {
      if (hasOnly(value, "type", "text")) return undefined
      return isMoonshot ? mapMember(value, "json_schema", withoutStrict) : value
    }
  ],
  [
    "tools",
    (value, { isMoonshot }) =>
      isMoonshot && Array.isArray(value) ? value.map((tool) => mapMember(tool, "function", withoutStrict)) : value
  ],
  ["tool_choice", (value, { hasTools }) => (hasTools && value === "auto" ? undefined : value)]
])

const normalizeThinking = ({ thinking }: ModelRequest, { knownModel: known }: RequestContext): unknown => {
  if (thinking === undefined) return undefined
  const { keep, ...rest } = thinking
  if (keep !== null && keep !== undefined) return thinking
  const control = known?.capabilities.thinking
  return (control === "switch" || control === "always") && hasOnly(rest, "type", "enabled") ? undefined : rest
}

const normalizeEffort = ({ reasoning_effort: effort }: ModelRequest, { knownModel: known }: RequestContext): unknown =>
  effort === "max" && known?.capabilities.thinking === "effort" ? undefined : effort

const normalizeMaxTokens = (
  { max_completion_tokens, max_tokens }: ModelRequest,
  { knownModel: known }: RequestContext
): unknown => {
  const most = max_completion_tokens ?? max_tokens
  return most === known?.defaultMaxOutput ? undefined : most
}

const normalizeContentPart = (part: unknown): unknown => {
  if (!Predicate.isObject(part)) return part
  for (const name of ["image_url", "video_url"]) {
    if (name in part && typeof part[name] === "string") return { ...part, [name]: { url: part[name] } }
  }
  return part
}

const normalizeContent = (content: unknown): unknown => {
  if (!Array.isArray(content)) return content
  const [first] = content
  const isPlainText =
    content.length === 1 &&
    Predicate.isObject(first) &&
    typeof first["text"] === "string" &&
    first["type"] === "text" &&
    Object.keys(first).length === 2
  return isPlainText ? first["text"] : content.map(normalizeContentPart)
}

const isBlank = (content: unknown): boolean =>
  Array.isArray(content) ? content.every((part) => Predicate.isObject(part) && part["text"] === "") : content === ""

const normalizeToolCall = (call: unknown): unknown =>
  mapMember(call, "function", (value) =>
    mapMember(value, "arguments", (text) => (typeof text === "string" ? canonicalizeText(text) : text))
  )

const normalizeMessage = (message: object): unknown => {
  const { content, partial, role, tool_calls, ...rest }: { readonly [name: string]: unknown } = { ...message }
  const isAssistant = role === "assistant"
  const isLeftOut = content === null || (isAssistant && tool_calls !== undefined && isBlank(content))
  return {
    ...rest,
    role,
    content: isLeftOut ? undefined : normalizeContent(content),
    partial: partial === false ? undefined : partial,
    tool_calls: Array.isArray(tool_calls) ? tool_calls.map(normalizeToolCall) : tool_calls
  }
}

/** Most messages have only a role and a text, and need no copy. */
const stringifyMessage = (message: ModelRequest["messages"][number]): string =>
  typeof message.content === "string" && Object.keys(message).length === 2
    ? `{"content":${JSON.stringify(message.content)},"role":${JSON.stringify(message.role)}}`
    : stringify(normalizeMessage(message))

/** Whether a member is left out, or handled separately. */
const isExcluded = (name: string): boolean => ignoredMembers.has(name) || fixedMembers.has(name)

/** The members of a request as canonical JSON. */
class RequestWriter {
  readonly #context: RequestContext
  readonly #parts: Array<string>

  constructor(context: RequestContext, messages: ModelRequest["messages"]) {
    this.#context = context
    this.#parts = [`"messages":[${messages.map(stringifyMessage).join()}]`]
  }

  /** Adds a value as it is; nothing for `undefined`. */
  add(name: string, value: unknown): void {
    if (value !== undefined) this.#parts.push(`${JSON.stringify(name)}:${stringify(value)}`)
  }

  /** Adds a member of `extra_body` that must not be taken for a member of the request, by any name. */
  addExtra(name: string, value: unknown): void {
    if (value !== undefined) this.#parts.push(`extra_body ${JSON.stringify(name)}:${stringify(value)}`)
  }

  /** Adds a value in its normal form. */
  addMember(name: string, value: unknown): void {
    const normalize = normalizers.get(name)
    this.add(name, normalize === undefined ? value : normalize(value, this.#context))
  }

  /** The members in alphabetical order. */
  toJson(): string {
    return `{${(this.#parts.length > 1 ? this.#parts.toSorted() : this.#parts).join()}}`
  }
}

/** A member of the request wins over its namesake in `extra_body`, as in the body, even one without a value. */
const addExtraBody = (writer: RequestWriter, request: ModelRequest): void => {
  if (request.extra_body === undefined) return
  for (const [name, value] of Object.entries(request.extra_body)) {
    if (isExcluded(name)) continue
    if (hostSpecificMembers.has(name)) writer.addExtra(name, value)
    else if (!Object.hasOwn(request, name)) writer.addMember(name, value)
  }
}

/**
 * The canonical text of a request to a host.
 *
 * @category conversions
 * @since 0.1.0
 */
export const serialize = (provider: string, request: ModelRequest): string => {
  const context = requestContext(provider, request)
  const writer = new RequestWriter(context, request.messages)
  for (const name of Object.keys(request)) {
    if (name === "extra_body" || isExcluded(name) || hostSpecificMembers.has(name)) continue
    writer.addMember(name, request[name as keyof ModelRequest])
  }
  addExtraBody(writer, request)
  writer.add("thinking", normalizeThinking(request, context))
  writer.add("reasoning_effort", normalizeEffort(request, context))
  writer.add("max_completion_tokens", normalizeMaxTokens(request, context))
  return writer.toJson()
}
