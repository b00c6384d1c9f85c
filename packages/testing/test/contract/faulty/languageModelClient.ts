/**
 * A client in memory below a language model, that keeps every law of the contract, or
 * every law but one: `broken` names the one.
 */
import * as KimiClient from "@kimi-effect/client/KimiClient"
import type { ChatRequest } from "@kimi-effect/core/ChatRequest"
import { ChatResponse } from "@kimi-effect/core/ChatResponse"
import { ConnectionLostError } from "@kimi-effect/core/NetworkErrors"
import type { ChatError, StreamError } from "@kimi-effect/core/OperationErrors"
import { RateLimitError } from "@kimi-effect/core/RateLimitErrors"
import type { StreamEvent } from "@kimi-effect/core/StreamEvent"
import { StreamInterruptedError } from "@kimi-effect/core/StreamErrors"
import * as StreamFold from "@kimi-effect/core/StreamFold"
import { Effect, Stream } from "effect"
import type { Answer, Behavior } from "../../../src/contract/LanguageModelContract.ts"

type Message = ChatRequest["messages"][number]

const lost = new ConnectionLostError({ message: "lost" })
const cut = new StreamInterruptedError({ message: "cut" })
const refused = new RateLimitError({ message: "too many", kind: "requests per minute" })

const usage = {
  prompt_tokens: 10,
  completion_tokens: 20,
  total_tokens: 30,
  cached_tokens: 4,
  cache_write_tokens: 0,
  reasoning_tokens: 5
}

const responseOf = ({ calls = [], finishReason, reasoning, text = "" }: Answer): ChatResponse =>
  new ChatResponse({
    id: "chatcmpl-1",
    model: "kimi-k3",
    created: 1,
    usage,
    choices: [
      {
        index: 0,
        finish_reason: finishReason ?? (calls.length === 0 ? "stop" : "tool_calls"),
        message: {
          role: "assistant",
          content: text,
          ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
          ...(calls.length === 0
            ? {}
            : {
                tool_calls: calls.map((call, index) => ({
                  id: `${call.name}_${index}`,
                  type: "function",
                  function: call
                }))
              })
        }
      }
    ]
  })

const notRun = "This call was not run."

export const makeClient = (behaviors: ReadonlyArray<Behavior>, broken?: string) => {
  const breaks = (law: string) => law === broken
  const requests: Array<ChatRequest> = []
  let aborted = 0
  let hasRefused = false

  /** The messages of a request as the host receives them. */
  const received = (messages: ReadonlyArray<Message>, member: "chat" | "stream"): ReadonlyArray<Message> => {
    const last = messages.at(-1)
    const isLost = (message: Message): boolean => {
      if (message.role === "system") return breaks("sends the messages of a prompt")
      if (message.role !== "tool" || message.content !== notRun) return false
      return breaks(
        last?.content === "Never mind"
          ? "answers a call without an approval"
          : "answers a call whose tool was interrupted"
      )
    }
    const isResultChanged = breaks(
      last?.role === "tool" ? "sends the result of an approved call" : "sends the result of a call"
    )
    const isReasoningLost = breaks(
      member === "chat" ? "sends the reasoning of a call back" : "sends the reasoning of a streamed call back"
    )
    const change = (message: Message): Message => {
      if (message.role === "tool") return isResultChanged ? { ...message, content: "nothing" } : message
      if (message.role !== "assistant") return message
      const calls = message.tool_calls?.map((call) =>
        breaks("sends the ids of the host back") ? { ...call, id: `${call.id}-2` } : call
      )
      const { reasoning_content: reasoning, ...rest } = message
      return {
        ...rest,
        ...(calls === undefined ? {} : { tool_calls: calls }),
        ...(isReasoningLost || reasoning === undefined ? {} : { reasoning_content: reasoning })
      }
    }
    const sent = messages.filter((message) => !isLost(message)).map(change)
    const isMoved = breaks("keeps the result of an approved call next to it") && sent.length === 5
    return isMoved ? [...sent.slice(0, 2), ...sent.slice(3, 4), ...sent.slice(2, 3), ...sent.slice(4)] : sent
  }

  const receive = ({ response_format, ...request }: ChatRequest, member: "chat" | "stream"): Behavior => {
    const format = breaks("asks for an object as JSON") || response_format === undefined ? {} : { response_format }
    requests.push({ ...request, ...format, messages: received(request.messages, member) })
    return behaviors[requests.length - 1] ?? { _tag: "Refuses" }
  }

  const endedBy = (law: string) => Effect.sync(() => void (aborted += breaks(law) ? 0 : 1))

  /** The answer as a whole response has it. */
  const whole = (answer: Answer): Answer => {
    const { calls, finishReason, reasoning, text = "" } = answer
    const isPlain = calls === undefined
    const isObject = text.startsWith("{")
    const changes: Array<Answer> = []
    const change = (law: string, isConcerned: boolean, to: Answer) => {
      if (breaks(law) && isConcerned) changes.push(to)
    }
    change("returns the text of a response", isPlain && !isObject, { text: "another text" })
    change("returns the reasoning of a response", reasoning !== undefined && isPlain, { reasoning: "Hm." })
    change("returns why a response ended", isPlain, { finishReason: "stop" })
    change("returns the value of an object", isObject, { text: text.replace("Friday", "Monday") })
    change("fails an object that does not match its schema", text === '{"name":7}', {
      text: '{"name":"7","date":"2026-11-27T00:00:00.000Z"}'
    })
    change("runs no tool of a truncated response", finishReason === "length" && !isPlain, {
      finishReason: "tool_calls"
    })
    change("streams the calls of a whole response", !isPlain && requests.length > 1, {
      calls: [{ name: "order_item", arguments: '{"item":"milk"}' }]
    })
    change("gives a tool the JSON form of its parameters", calls?.[0]?.arguments.includes("on") === true, {
      calls: [{ name: "order_item", arguments: '{"item":"tea"}' }]
    })
    return Object.assign({}, answer, ...changes) as Answer
  }

  const chat = (request: ChatRequest): Effect.Effect<ChatResponse, ChatError> =>
    Effect.suspend(() => {
      const behavior = receive(request, "chat")
      switch (behavior._tag) {
        case "Refuses":
          hasRefused = true
          return Effect.fail(breaks("fails a refused request with its reason") ? lost : refused)
        case "Answers": {
          if (hasRefused && breaks("can be called again after a failure")) return Effect.fail(lost)
          const response = responseOf(whole(behavior))
          const isUncounted = breaks("reports the tokens of a response")
          return Effect.succeed(
            isUncounted ? new ChatResponse({ ...response, usage: { ...usage, cached_tokens: 0 } }) : response
          )
        }
        default:
          return Effect.onInterrupt(Effect.never, () => endedBy("closes the connection of an interrupted call"))
      }
    })

  const changeEvent = (event: StreamEvent, hasCalls: boolean): StreamEvent => {
    if (event._tag === "TextDelta" && breaks("streams the text of a response")) return { ...event, text: "another" }
    if (event._tag === "ReasoningDelta" && !hasCalls && breaks("streams the reasoning of a response")) {
      return { ...event, text: "Hm." }
    }
    if (event._tag === "Usage" && breaks("streams what a whole response has")) {
      return { ...event, usage: { ...usage, prompt_tokens: 11 } }
    }
    if (event._tag === "Finish" && hasCalls && breaks("runs no tool of a truncated stream")) {
      return { ...event, finishReason: "tool_calls" }
    }
    return event
  }

  const stream = (request: ChatRequest): Stream.Stream<StreamEvent, StreamError> =>
    Stream.suspend((): Stream.Stream<StreamEvent, StreamError> => {
      const behavior = receive(request, "stream")
      if (behavior._tag === "Refuses") {
        return Stream.fail(breaks("fails a refused stream with its reason") ? lost : refused)
      }
      const events = StreamFold.toEvents(responseOf(behavior))
      if (behavior._tag === "Answers") {
        return Stream.fromIterable(events.map((event) => changeEvent(event, behavior.calls !== undefined)))
      }
      const beginning = Stream.fromIterable(events.filter(({ _tag }) => _tag === "Start" || _tag === "TextDelta"))
      if (behavior._tag === "Stalls") {
        const stalled = Stream.concat(beginning, Stream.never)
        return Stream.ensuring(stalled, endedBy("closes the connection of a stream that is left"))
      }
      if (breaks("fails a stream that breaks")) return beginning
      const end = breaks("emits no finish of a stream that breaks") ? events.slice(-1) : []
      return Stream.concat(Stream.concat(beginning, Stream.fromIterable(end)), Stream.fail(cut))
    })

  const client: KimiClient.KimiClient["Service"] = {
    ...KimiClient.makeWith({
      effect: () => Effect.die("not called"),
      stream: () => Stream.die("not called"),
      text: () => ""
    }),
    chat,
    stream
  }
  return {
    client,
    requests: Effect.sync((): ReadonlyArray<unknown> => [...requests]),
    aborted: Effect.sync(() => aborted)
  }
}
