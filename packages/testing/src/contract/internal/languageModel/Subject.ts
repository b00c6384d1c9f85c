/** The language model under test, and the hosts that it calls. */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"

type Model = LanguageModel.LanguageModel

/**
 * What the model of a test writes in one response: 10 prompt tokens, of which 4
 * are cached, and 20 completion tokens, of which 5 are reasoning.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  readonly reasoning?: string
  readonly text?: string
  /** Arguments are text of the model. The host numbers the calls of each response: `<name>_<index>`, from 0. */
  readonly calls?: ReadonlyArray<{ readonly name: string; readonly arguments: string }>
  /** Defaults to `tool_calls` when there are calls, otherwise to `stop`. */
  readonly finishReason?: "stop" | "length" | "tool_calls"
}

/**
 * What the host of a test does with one request.
 *
 * - `Answers`: answers.
 * - `Breaks`: begins a stream with the text, then its connection breaks.
 * - `Stalls`: begins a stream with the text, or no whole response at all, and
 *   sends nothing more.
 * - `Refuses`: refuses with its error for too many requests.
 *
 * @category models
 * @since 0.1.0
 */
export type Behavior =
  | ({ readonly _tag: "Answers" } & Answer)
  | { readonly _tag: "Breaks" | "Stalls"; readonly text: string }
  | { readonly _tag: "Refuses" }

/**
 * A host, and the language model that calls it. Retries of the client are off.
 *
 * @category models
 * @since 0.1.0
 */
export interface Host {
  readonly model: Layer.Layer<Model, unknown>
  /** The bodies of the requests that the host has received, as parsed JSON, oldest first. */
  readonly requests: Effect.Effect<ReadonlyArray<unknown>>
  /** Number of requests that the client ended before they were answered. */
  readonly aborted: Effect.Effect<number>
}

/** A model, and what its host has seen. */
export interface Running extends Omit<Host, "model"> {
  readonly model: Model
}

export interface Subject {
  /** Registers a test of a model whose host does this with its requests, in this order. */
  readonly test: (
    name: string,
    behaviors: ReadonlyArray<Behavior>,
    test: (running: Running) => Effect.Effect<void, unknown, Scope.Scope>
  ) => void
}

export const says = (text: string, rest: Answer = {}): Behavior => ({ _tag: "Answers", text, ...rest })

export const calls = (...given: NonNullable<Answer["calls"]>): Behavior => ({
  _tag: "Answers",
  reasoning: "I need a tool.",
  calls: given
})

export const hello = "Hello"
export const greeting = says("Hello to you too!", { reasoning: "They greet me." })

/** The tool of the tests, which remembers the arguments of its calls. */
const Order = Tool.make("order_item", {
  description: "Orders an item",
  parameters: Schema.Struct({ item: Schema.String, on: Schema.optionalKey(Schema.DateTimeUtc) }),
  success: Schema.String
})
export const Orders = Toolkit.make(Order)
export const ApprovedOrders = Toolkit.make(Order.setNeedsApproval(true))

type Arguments = Tool.Parameters<typeof Order>

/** The handlers of the tools, and the calls that they have received. */
export const recordOrders = (run: (call: Arguments) => Effect.Effect<string>) => {
  const received: Array<Arguments> = []
  const handlers = Orders.toLayer({
    order_item: (call) => {
      received.push(call)
      return run(call)
    }
  })
  return { received, handlers }
}

export const order = (item: string) => ({ name: "order_item", arguments: JSON.stringify({ item }) })

export interface ReceivedMessage {
  readonly role: string
  readonly content: string
  readonly reasoning: string | undefined
  readonly calls: ReadonlyArray<{ readonly id: string; readonly item: string }>
  readonly callId: string | undefined
}

const text = Schema.optionalKey(Schema.NullOr(Schema.String))

const Body = Schema.Struct({
  response_format: Schema.optionalKey(Schema.Struct({ type: Schema.String })),
  messages: Schema.Array(
    Schema.Struct({
      role: Schema.String,
      content: text,
      // The names of different hosts.
      reasoning_content: text,
      reasoning: text,
      tool_call_id: text,
      tool_calls: Schema.optionalKey(
        Schema.Array(Schema.Struct({ id: Schema.String, function: Schema.Struct({ arguments: Schema.String }) }))
      )
    })
  )
})

const readBody = Schema.decodeUnknownSync(Body)

const itemOf = (json: string): string => String((JSON.parse(json) as { readonly item?: unknown }).item)

/** The messages of a request. */
export const messagesOf = (body: unknown): ReadonlyArray<ReceivedMessage> =>
  readBody(body).messages.map((message) => ({
    role: message.role,
    content: message.content ?? "",
    reasoning: message.reasoning_content ?? message.reasoning ?? undefined,
    calls: (message.tool_calls ?? []).map((call) => ({ id: call.id, item: itemOf(call.function.arguments) })),
    callId: message.tool_call_id ?? undefined
  }))

/** The format of the response that a request asks for. */
export const formatOf = (body: unknown): string | undefined => readBody(body).response_format?.type

type Content = ReadonlyArray<Response.AnyPart>

/** What a response contains, in the form in which a prompt keeps it, and how it ended. */
export const summaryOf = (parts: Content) => {
  let text = ""
  let reasoning = ""
  for (const message of Prompt.fromResponseParts(parts).content) {
    if (message.role !== "assistant") continue
    for (const part of message.content) {
      if (part.type === "text") text += part.text
      if (part.type === "reasoning") reasoning += part.text
    }
  }
  const finish = parts.findLast((part) => part.type === "finish")
  return {
    text,
    reasoning,
    calls: parts.flatMap((part) => (part.type === "tool-call" ? [[part.name, part.params]] : [])),
    finish: finish?.reason,
    tokens: [finish?.usage.inputTokens.total, finish?.usage.outputTokens.total]
  }
}

/** The results of the tools of a response. */
export const resultsOf = (parts: Content): ReadonlyArray<unknown> =>
  parts.flatMap((part) => (part.type === "tool-result" ? [part.result] : []))

/** The id of the only approval that a response asks for. */
export const approvalOf = (parts: Content): string =>
  parts.flatMap((part) => (part.type === "tool-approval-request" ? [part.approvalId] : []))[0] ?? ""

/** The answer of a person to an approval. */
export const approval = (approvalId: string, approved: boolean): Prompt.Prompt =>
  Prompt.fromMessages([Prompt.toolMessage({ content: [Prompt.toolApprovalResponsePart({ approvalId, approved })] })])
