/**
 * What a Kimi server answers of its own accord: the recorded answers.
 */
import * as Fixtures from "../Fixtures.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as Reply from "../Reply.ts"

/** The models that Moonshot listed in both regions. */
export const listedModels = ["kimi-k3", "kimi-k2.6", "kimi-k2.7-code", "kimi-k2.7-code-highspeed"] as const

/** The members of a chat request that decide the form of its answer. */
export interface RequestForm {
  readonly isStream: boolean
  readonly hasUsage: boolean
  readonly hasTools: boolean
}

/** Reads what decides the form, whatever the body is. */
export const formOf = (request: ReceivedRequest): RequestForm => {
  const json = toRecord(request.json)
  return {
    isStream: json["stream"] === true,
    hasUsage: toRecord(json["stream_options"])["include_usage"] === true,
    hasTools: Array.isArray(json["tools"]) && json["tools"].length > 0
  }
}

// An object's members may be read by any name; what they hold stays unknown.
const toRecord = (value: unknown): { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null ? (value as { readonly [name: string]: unknown }) : {}

/** Without tools a greeting, with tools a call of `get_weather`. */
export const chat = ({ hasTools, hasUsage, isStream }: RequestForm): Reply.Explicit =>
  hasTools ? toolCall : isStream ? (hasUsage ? streamWithUsage : stream) : greeting

const recorded = (name: Fixtures.ExchangeName): Reply.Completion => {
  const { body, headers } = Reply.fromExchange(Fixtures.exchange(name))
  return Reply.completion(body, { headers })
}

const toolCall = recorded("plain-04-tool-calls")
const greeting = recorded("plain-03-reasoning-cached")
const streamWithUsage = Reply.sse(Fixtures.sse("stream-01-include-usage"))
const stream: Reply.Sse = {
  ...streamWithUsage,
  events: streamWithUsage.events.filter((event) => !event.includes('"choices":[]'))
}

/** Answers to other routes, by method and path below `/v1`. */
export const routes = (models: ReadonlyArray<string>): ReadonlyMap<string, Reply.Explicit> =>
  new Map<string, Reply.Explicit>([
    ["GET /v1/models", Reply.json({ object: "list", data: models.map(model) })],
    [
      "GET /v1/users/me/balance",
      Reply.json({
        code: 0,
        data: { available_balance: 12.5, voucher_balance: 10, cash_balance: 2.5 },
        scode: "0x0",
        status: true
      })
    ],
    ["POST /v1/tokenizers/estimate-token-count", Reply.json({ data: { total_tokens: 80 } })]
  ])

const model = (id: string) => {
  const efforts = ["low", "high", "max"]
  return {
    id,
    object: "model",
    created: 1784160000,
    owned_by: "moonshot",
    permission: [],
    root: id,
    parent: "",
    context_length: id.startsWith("kimi-k3") ? 1_048_576 : 262_144,
    supports_image_in: true,
    supports_video_in: true,
    supports_reasoning: true,
    supports_dynamic_tools: id.startsWith("kimi-k3"),
    ...(id.startsWith("kimi-k3")
      ? { think_efforts: efforts, reasoning_efforts: efforts, supports_thinking_type: "only" }
      : {})
  }
}

/** The answer to a route that does not exist. */
export const notFound = (request: ReceivedRequest): Reply.Json =>
  Reply.error(
    404,
    "resource_not_found_error",
    `The requested resource was not found: ${request.method} ${request.path}`
  )
