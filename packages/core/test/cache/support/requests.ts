/**
 * Random requests, equivalent forms of a request, and the ways
 * in which requests differ.
 */
import type { Random } from "effect"
import type { ModelRequest } from "../../../src/models/ChatRequest.ts"

type Chance = typeof Random.Random.Service

type Json = { readonly [name: string]: unknown }

const integer = (chance: Chance, below: number): number => Math.floor(chance.nextDoubleUnsafe() * below)
const isLucky = (chance: Chance, part = 0.5): boolean => chance.nextDoubleUnsafe() < part
const pick = <A>(chance: Chance, first: A, ...rest: ReadonlyArray<A>): A =>
  [first, ...rest][integer(chance, rest.length + 1)] ?? first

const words = [
  "a",
  "b",
  "Hi",
  "Grüße",
  "中文",
  'setMember "no"',
  "line\nline",
  "\ud800",
  " ",
  "x".repeat(50),
  "42",
  "true"
]
const text = (chance: Chance): string => `${pick(chance, "w", ...words)}${integer(chance, 1_000)}`

const json = (chance: Chance, depth: number): unknown => {
  switch (integer(chance, depth > 0 ? 7 : 5)) {
    case 0:
      return null
    case 1:
      return isLucky(chance)
    case 2:
      return integer(chance, 100) - 50
    case 3:
      return integer(chance, 100) / 8
    case 4:
      return text(chance)
    case 5:
      return Array.from({ length: integer(chance, 4) }, () => json(chance, depth - 1))
    default:
      return object(chance, depth - 1)
  }
}

const object = (chance: Chance, depth: number): Json =>
  Object.fromEntries(
    Array.from({ length: integer(chance, 5) }, () => [pick(chance, "p", ...words, "7", "1"), json(chance, depth)])
  )

const call = (chance: Chance, index: number) => ({
  id: `call_${index}`,
  type: "function",
  function: {
    name: pick(chance, "look", "find"),
    arguments: isLucky(chance, 0.9) ? JSON.stringify(object(chance, 2)) : `not JSON {${text(chance)}`
  }
})

const message = (chance: Chance): Json => {
  switch (integer(chance, 4)) {
    case 0:
      return { role: "system", content: text(chance) }
    case 1:
      return {
        role: "user",
        content: [
          { type: "text", text: text(chance) },
          { type: "image_url", image_url: { url: `ms://${text(chance)}` } }
        ]
      }
    case 2:
      return {
        role: "assistant",
        content: text(chance),
        ...(isLucky(chance) ? { reasoning_content: text(chance) } : {}),
        ...(isLucky(chance) ? { tool_calls: [call(chance, 0), call(chance, 1)] } : {})
      }
    default:
      return { role: "user", content: text(chance), ...(isLucky(chance, 0.2) ? { name: text(chance) } : {}) }
  }
}

const tool = (chance: Chance) => ({
  type: "function",
  function: {
    name: pick(chance, "look", "find", "go"),
    description: text(chance),
    parameters: { type: "object", properties: object(chance, 2), required: [text(chance), text(chance)] }
  }
})

/** A request in which each optional member is present half of the time, and none equals its default. */
export const random = (chance: Chance): ModelRequest => {
  const members: Json = {
    max_completion_tokens: 1 + integer(chance, 1_000),
    temperature: pick(chance, 0.1, 0.3),
    top_p: pick(chance, 0.2, 0.4),
    n: 2 + integer(chance, 3),
    presence_penalty: pick(chance, 0.5, -1),
    frequency_penalty: pick(chance, 0.25, 1.5),
    stop: [text(chance), text(chance)],
    response_format: pick<unknown>(
      chance,
      { type: "json_object" },
      { type: "json_schema", json_schema: { name: text(chance), schema: object(chance, 2) } }
    ),
    tools: [tool(chance), tool(chance)],
    tool_choice: pick<unknown>(chance, "none", "required", { type: "function", function: { name: "look" } }),
    thinking: { type: "disabled" },
    reasoning_effort: pick(chance, "low", "high"),
    logprobs: true,
    top_logprobs: 1 + integer(chance, 19),
    prediction: object(chance, 1),
    extra_body: { ...object(chance, 2), seed: integer(chance, 100) }
  }
  const chosen = Object.entries(members).filter(() => isLucky(chance))
  const messages = Array.from({ length: 1 + integer(chance, 4) }, () => message(chance))
  // Built as JSON, as if from outside.
  return { model: pick(chance, "kimi-k2.6", "kimi-k3", "other"), messages, ...Object.fromEntries(chosen) } as never
}

/** The same value with the members of all objects in another order. */
const shuffled = (chance: Chance, value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((element) => shuffled(chance, element))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map((entry) => [chance.nextDoubleUnsafe(), entry] as const)
      .toSorted(([a], [b]) => a - b)
      .map(([, [name, member]]) => [name, shuffled(chance, member)])
  )
}

const isJson = (given: string): boolean => {
  try {
    JSON.parse(given)
    return true
  } catch {
    return false
  }
}

const mapCalls = (request: Json, change: (args: string) => string): Json => ({
  ...request,
  messages: (request["messages"] as ReadonlyArray<Json>).map((message) =>
    Array.isArray(message["tool_calls"])
      ? {
          ...message,
          tool_calls: message["tool_calls"].map((call) => ({
            ...call,
            function: { ...call.function, arguments: change(call.function.arguments) }
          }))
        }
      : message
  )
})

/** An equivalent form of a request. */
export const rewritten = (chance: Chance, request: ModelRequest): ModelRequest => {
  let written: Json = mapCalls(shuffled(chance, request) as Json, (args) =>
    isJson(args) ? JSON.stringify(shuffled(chance, JSON.parse(args)), null, integer(chance, 4)) : args
  )
  const setMember = (name: string, value: unknown) => {
    if (written[name] === undefined && isLucky(chance)) written = { ...written, [name]: value }
  }
  const extra = request.extra_body ?? {}
  if (!("n" in extra)) setMember("n", 1)
  setMember("presence_penalty", 0)
  setMember("frequency_penalty", 0)
  setMember("logprobs", false)
  setMember("response_format", { type: "text" })
  setMember("temperature", undefined)
  setMember("prompt_cache_key", text(chance))
  setMember("prompt_cache_options", { ttl: "1h" })
  setMember("safety_identifier", text(chance))
  if (request.tools !== undefined) setMember("tool_choice", "auto")
  if (request.max_completion_tokens !== undefined && isLucky(chance)) {
    const { max_completion_tokens: most, ...rest } = written
    written = { ...rest, max_tokens: most }
  }
  if (isLucky(chance)) {
    written = {
      ...written,
      messages: (written["messages"] as ReadonlyArray<Json>).map((message) =>
        typeof message["content"] === "string" && !("tool_calls" in message)
          ? { ...message, content: [{ type: "text", text: message["content"] }] }
          : message
      )
    }
  }
  return written as never
}

const changedJson = (value: unknown): unknown => {
  if (typeof value === "string") return `${value}.`
  if (typeof value === "number") return value + 1
  if (typeof value === "boolean") return !value
  if (value === null) return "null"
  return Array.isArray(value) ? [...value, null] : { ...value, "another one": 1 }
}

/** Every request that differs from this one in a single member, with its path. */
export const changes = (value: unknown, path = ""): ReadonlyArray<readonly [path: string, value: unknown]> => {
  const here: ReadonlyArray<readonly [string, unknown]> = path === "" ? [] : [[path, changedJson(value)]]
  if (Array.isArray(value)) {
    const without = value.map((_, index) => [`${path}[-${index}]`, value.toSpliced(index, 1)] as const)
    const within = value.flatMap((element, index) =>
      changes(element, `${path}[${index}]`).map(([at, changed]) => [at, value.with(index, changed)] as const)
    )
    const turned =
      value.length > 1 && JSON.stringify(value) !== JSON.stringify(value.toReversed())
        ? [[`${path} turned`, value.toReversed()] as const]
        : []
    return [...here, ...without, ...within, ...turned]
  }
  if (typeof value !== "object" || value === null) return here
  const members = Object.entries(value)
  return [
    ...here,
    ...members.map(
      ([name]) => [`${path}.-${name}`, Object.fromEntries(members.filter(([other]) => other !== name))] as const
    ),
    ...members.flatMap(([name, member]) =>
      changes(member, `${path}.${name}`).map(([at, changed]) => [at, { ...value, [name]: changed }] as const)
    )
  ]
}
