/**
 * What of a request can change its answer, in one text: requests with the same
 * text ask the same.
 *
 * Every member counts unless it is known not to, members of `extra_body` and
 * unknown ones included. A member that only says what holds without it is left
 * out: defaults of the API everywhere, defaults of a model at Moonshot's own
 * hosts, which are the ones that the catalogue describes.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as ModelCatalog from "../../../ModelCatalog.ts"
import type { ModelRequest } from "../../../models/ChatRequest.ts"
import { stringify, canonicalizeText } from "./CanonicalJson.ts"

/** How the answer is sent, what steers the host's own cache, and who the end user is. */
const ignoredMembers: ReadonlySet<string> = new Set([
  "stream",
  "stream_options",
  "prompt_cache_key",
  "safety_identifier"
])

/** Members that the body takes from elsewhere, whatever `extra_body` says. */
const fixedMembers: ReadonlySet<string> = new Set(["model", "messages"])

/** Members that each host has its own names for, so that those of `extra_body` are others. */
const hostSpecificMembers: ReadonlySet<string> = new Set([
  "max_tokens",
  "max_completion_tokens",
  "thinking",
  "reasoning_effort"
])

/** What is known of the host and the model beside the request. */
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

type Normalizer = (value: unknown, facts: RequestContext) => unknown

/** Whether an object has this one member. */
const hasOnly = (object: unknown, name: string, value: unknown): boolean =>
  Predicate.isObject(object) && Object.keys(object).length === 1 && object[name] === value

const omitDefault =
  (standard: unknown): Normalizer =>
  (value) =>
    value === standard ? undefined : value

/** Without `strict`, which says what the host assumes. */
const withoutStrict = (definition: unknown): unknown => {
  if (!Predicate.isObject(definition) || definition["strict"] !== true) return definition
  const { strict: _, ...rest } = definition
  return rest
}

const mapMember = (object: unknown, name: string, change: (value: unknown) => unknown): unknown =>
  Predicate.isObject(object) && name in object ? { ...object, [name]: change(object[name]) } : object

/** What members say that need not be said, as `undefined`; the rest in one form. */
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

/** Nearly every message has a role and a text, and is written without a copy. */
const stringifyMessage = (message: ModelRequest["messages"][number]): string =>
  typeof message.content === "string" && Object.keys(message).length === 2
    ? `{"content":${JSON.stringify(message.content)},"role":${JSON.stringify(message.role)}}`
    : stringify(normalizeMessage(message))

/**
 * The text of a request that is put to a host.
 *
 * @category conversions
 * @since 0.1.0
 */
export const serialize = (provider: string, request: ModelRequest): string => {
  const facts = requestContext(provider, request)
  const parts = [`"messages":[${request.messages.map(stringifyMessage).join()}]`]
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) parts.push(`${JSON.stringify(name)}:${stringify(value)}`)
  }
  const addMember = (name: string, value: unknown): void => {
    const rule = normalizers.get(name)
    add(name, rule === undefined ? value : rule(value, facts))
  }
  for (const name of Object.keys(request)) {
    if (name === "extra_body" || ignoredMembers.has(name) || fixedMembers.has(name) || hostSpecificMembers.has(name))
      continue
    addMember(name, request[name as keyof ModelRequest])
  }
  if (request.extra_body !== undefined) {
    for (const [name, value] of Object.entries(request.extra_body)) {
      // As in the body, a member of the request wins over its namesake here, even one without a value.
      if (ignoredMembers.has(name) || fixedMembers.has(name)) continue
      if (hostSpecificMembers.has(name)) add(`extra_body.${name}`, value)
      else if (!Object.hasOwn(request, name)) addMember(name, value)
    }
  }
  add("thinking", normalizeThinking(request, facts))
  add("reasoning_effort", normalizeEffort(request, facts))
  add("max_completion_tokens", normalizeMaxTokens(request, facts))
  return `{${(parts.length > 1 ? parts.toSorted() : parts).join()}}`
}
