/**
 * The default responses of the server: the recorded responses of Kimi, for any
 * model.
 */
import type { RequestForm } from "../../internal/rendering.ts"
import * as Reply from "../../Reply.ts"
import * as Fixtures from "../Fixtures.ts"
import type { ReceivedRequest } from "../ReceivedRequest.ts"
import * as Formulas from "./formulas.ts"
import { schemaSample } from "./schemaSample.ts"

/** The models that Moonshot lists in both regions. */
export const listedModels = ["kimi-k3", "kimi-k2.6", "kimi-k2.7-code", "kimi-k2.7-code-highspeed"] as const

/** The form of a request. Bodies that are not a chat request have the default form. */
export const formOf = (request: ReceivedRequest): RequestForm => {
  const json = toRecord(request.json)
  return {
    isStream: json["stream"] === true,
    hasUsage: toRecord(json["stream_options"])["include_usage"] === true,
    hasTools: Array.isArray(json["tools"]) && json["tools"].length > 0 && !isAnsweredWithText(json),
    model: typeof json["model"] === "string" ? json["model"] : undefined
  }
}

/** The result of a tool is answered with text, and so is a request that forbids calls. */
const isAnsweredWithText = ({ messages, tool_choice }: { readonly [name: string]: unknown }): boolean =>
  tool_choice === "none" || (Array.isArray(messages) && toRecord(messages.at(-1))["role"] === "tool")

// Any member of an object can be read; its type stays unknown.
const toRecord = (value: unknown): { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null ? (value as { readonly [name: string]: unknown }) : {}

/** A greeting, or a call of `get_weather` when the request has tools that the model may call. */
export const chat = ({ hasTools, hasUsage, isStream }: RequestForm): Reply.Explicit =>
  hasTools ? toolCall : !isStream ? greeting : hasUsage ? streamWithUsage : stream

/** A value in the format that a request asks for; none for a request of text. */
export const formatted = ({ json }: ReceivedRequest): Reply.Explicit | undefined => {
  const format = toRecord(toRecord(json)["response_format"])
  if (format["type"] === "json_object") return Reply.text("{}")
  return format["type"] === "json_schema"
    ? Reply.text(JSON.stringify(schemaSample(toRecord(format["json_schema"])["schema"])))
    : undefined
}

const recorded = (name: Fixtures.ExchangeName): Reply.Completion => {
  const { body, headers } = Reply.fromExchange(Fixtures.exchange(name))
  return { ...Reply.completion(body, { headers }), echoesModel: true }
}

const toolCall = recorded("plain-04-tool-calls")
const greeting = recorded("plain-03-reasoning-cached")
const streamWithUsage: Reply.Sse = { ...Reply.sse(Fixtures.sse("stream-01-include-usage")), echoesModel: true }
const stream: Reply.Sse = {
  ...streamWithUsage,
  events: streamWithUsage.events.filter((event) => !event.includes('"choices":[]'))
}

/** Responses to other routes, by method and path. */
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
    ["POST /v1/tokenizers/estimate-token-count", Reply.json({ data: { total_tokens: 80 } })],
    ...Formulas.routes
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

/** The response to a route that does not exist, as MoonshotAI/moonpalace#5 recorded it in December 2024. */
export const notFound = ({ headers, method, path }: ReceivedRequest): Reply.Json =>
  Reply.json(
    {
      code: 5,
      error: "url.not_found",
      message: "没找到对象",
      method,
      scode: "0x5",
      status: false,
      ua: headers["user-agent"] ?? "",
      url: path
    },
    { status: 404 }
  )
