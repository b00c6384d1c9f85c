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
import * as ModelCatalog from "../../ModelCatalog.ts"
import type { ModelRequest } from "../../models/ChatRequest.ts"
import { write, writeText } from "./CanonicalJson.ts"

/** How the answer is sent, what steers the host's own cache, and who the end user is. */
const ignored: ReadonlySet<string> = new Set(["stream", "stream_options", "prompt_cache_key", "safety_identifier"])

/** Members that the body takes from elsewhere, whatever `extra_body` says. */
const settled: ReadonlySet<string> = new Set(["model", "messages"])

/** Members that each host has its own names for, so that those of `extra_body` are others. */
const translated: ReadonlySet<string> = new Set(["max_tokens", "max_completion_tokens", "thinking", "reasoning_effort"])

/** What is known of the host and the model beside the request. */
interface Facts {
  readonly isMoonshot: boolean
  readonly known: ModelCatalog.KnownModel | undefined
  readonly isThinking: boolean
  readonly hasTools: boolean
}

const nothingKnown: Facts = { isMoonshot: false, known: undefined, isThinking: false, hasTools: false }

const factsOf = (provider: string, request: ModelRequest): Facts => {
  const hasTools = request.tools !== undefined && request.tools.length > 0
  if (provider !== "moonshot" && provider !== "moonshot-cn")
    return hasTools ? { ...nothingKnown, hasTools } : nothingKnown
  const known = ModelCatalog.find(request.model)
  const isThinking = known?.abilities.thinking !== "switch" || request.thinking?.type !== "disabled"
  return { isMoonshot: true, known, isThinking, hasTools }
}

type Rule = (value: unknown, facts: Facts) => unknown

/** Whether an object has this one member. */
const isOnly = (object: unknown, name: string, value: unknown): boolean =>
  Predicate.isObject(object) && Object.keys(object).length === 1 && object[name] === value

const unless =
  (standard: unknown): Rule =>
  (value) =>
    value === standard ? undefined : value

/** Without `strict`, which says what the host assumes. */
const withoutStrict = (definition: unknown): unknown => {
  if (!Predicate.isObject(definition) || definition["strict"] !== true) return definition
  const { strict: _, ...rest } = definition
  return rest
}

const withinMember = (object: unknown, name: string, change: (value: unknown) => unknown): unknown =>
  Predicate.isObject(object) && name in object ? { ...object, [name]: change(object[name]) } : object

/** What members say that need not be said, as `undefined`; the rest in one form. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["n", unless(1)],
  ["presence_penalty", unless(0)],
  ["frequency_penalty", unless(0)],
  ["logprobs", unless(false)],
  ["stop", (value) => (typeof value === "string" ? [value] : value)],
  [
    "temperature",
    (value, { isThinking, known }) => {
      const fixed = known?.abilities.sampling
      const standard = isThinking ? fixed?.temperature : (fixed?.temperatureNotThinking ?? fixed?.temperature)
      return value === standard ? undefined : value
    }
  ],
  ["top_p", (value, { known }) => (value === known?.abilities.sampling?.topP ? undefined : value)],
  [
    "response_format",
    (value, { isMoonshot }) => {
      if (isOnly(value, "type", "text")) return undefined
      return isMoonshot ? withinMember(value, "json_schema", withoutStrict) : value
    }
  ],
  [
    "tools",
    (value, { isMoonshot }) =>
      isMoonshot && Array.isArray(value) ? value.map((tool) => withinMember(tool, "function", withoutStrict)) : value
  ],
  ["tool_choice", (value, { hasTools }) => (hasTools && value === "auto" ? undefined : value)]
])

const thinkingOf = ({ thinking }: ModelRequest, { known }: Facts): unknown => {
  if (thinking === undefined) return undefined
  const { keep, ...rest } = thinking
  if (keep !== null && keep !== undefined) return thinking
  const control = known?.abilities.thinking
  return (control === "switch" || control === "always") && isOnly(rest, "type", "enabled") ? undefined : rest
}

const effortOf = ({ reasoning_effort: effort }: ModelRequest, { known }: Facts): unknown =>
  effort === "max" && known?.abilities.thinking === "effort" ? undefined : effort

const maxTokensOf = ({ max_completion_tokens, max_tokens }: ModelRequest, { known }: Facts): unknown => {
  const most = max_completion_tokens ?? max_tokens
  return most === known?.defaultMaxOutput ? undefined : most
}

const partOf = (part: unknown): unknown => {
  if (!Predicate.isObject(part)) return part
  for (const name of ["image_url", "video_url"]) {
    if (name in part && typeof part[name] === "string") return { ...part, [name]: { url: part[name] } }
  }
  return part
}

const contentOf = (content: unknown): unknown => {
  if (!Array.isArray(content)) return content
  const [first] = content
  const isPlainText =
    content.length === 1 &&
    Predicate.isObject(first) &&
    typeof first["text"] === "string" &&
    first["type"] === "text" &&
    Object.keys(first).length === 2
  return isPlainText ? first["text"] : content.map(partOf)
}

const isBlank = (content: unknown): boolean =>
  Array.isArray(content) ? content.every((part) => Predicate.isObject(part) && part["text"] === "") : content === ""

const callOf = (call: unknown): unknown =>
  withinMember(call, "function", (value) =>
    withinMember(value, "arguments", (text) => (typeof text === "string" ? writeText(text) : text))
  )

const messageOf = (message: object): unknown => {
  const { content, partial, role, tool_calls, ...rest }: { readonly [name: string]: unknown } = { ...message }
  const isAssistant = role === "assistant"
  const isLeftOut = content === null || (isAssistant && tool_calls !== undefined && isBlank(content))
  return {
    ...rest,
    role,
    content: isLeftOut ? undefined : contentOf(content),
    partial: partial === false ? undefined : partial,
    tool_calls: Array.isArray(tool_calls) ? tool_calls.map(callOf) : tool_calls
  }
}

/** Nearly every message has a role and a text, and is written without a copy. */
const writeMessage = (message: ModelRequest["messages"][number]): string =>
  typeof message.content === "string" && Object.keys(message).length === 2
    ? `{"content":${JSON.stringify(message.content)},"role":${JSON.stringify(message.role)}}`
    : write(messageOf(message))

/**
 * The text of a request that is put to a host.
 *
 * @category conversions
 * @since 0.1.0
 */
export const textOf = (provider: string, request: ModelRequest): string => {
  const facts = factsOf(provider, request)
  const parts = [`"messages":[${request.messages.map(writeMessage).join()}]`]
  const add = (name: string, value: unknown): void => {
    if (value !== undefined) parts.push(`${JSON.stringify(name)}:${write(value)}`)
  }
  const addMember = (name: string, value: unknown): void => {
    const rule = rules.get(name)
    add(name, rule === undefined ? value : rule(value, facts))
  }
  for (const name of Object.keys(request)) {
    if (name === "extra_body" || ignored.has(name) || settled.has(name) || translated.has(name)) continue
    addMember(name, request[name as keyof ModelRequest])
  }
  if (request.extra_body !== undefined) {
    for (const [name, value] of Object.entries(request.extra_body)) {
      // As in the body, a member of the request wins over its namesake here, even one without a value.
      if (ignored.has(name) || settled.has(name)) continue
      if (translated.has(name)) add(`extra_body.${name}`, value)
      else if (!Object.hasOwn(request, name)) addMember(name, value)
    }
  }
  add("thinking", thinkingOf(request, facts))
  add("reasoning_effort", effortOf(request, facts))
  add("max_completion_tokens", maxTokensOf(request, facts))
  return `{${(parts.length > 1 ? parts.toSorted() : parts).join()}}`
}
