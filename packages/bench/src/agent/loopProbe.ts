/** Runs of an agent at a transport that responds immediately, and the calls of the model that they contain, alone. */
import { ChatTransport, KimiClient, Provider } from "@kimi-effect/client"
import { AgentLoop, ToolSet } from "@kimi-effect/client/agent"
import { ChatResponse, KimiConfig, type StreamEvent } from "@kimi-effect/core"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"

/** Microseconds of CPU per step. */
export interface RoundResult {
  readonly run: number
  /** The calls of `chat` that `run` makes. */
  readonly chat: number
  readonly stream: number
  /** The calls of `stream` that a streamed run makes. */
  readonly chatStream: number
}

/** Steps of one run, each of which calls a tool except the last. */
const steps = 10
const repetitions = 400

const usage = {
  prompt_tokens: 113,
  completion_tokens: 57,
  total_tokens: 170,
  cached_tokens: 64,
  cache_write_tokens: 0,
  reasoning_tokens: 27
}

const respond = ({ messages }: ModelRequest): ChatResponse => {
  // Two messages at the start, and two more after each step.
  const step = (messages.length >> 1) - 1
  const isLast = step === steps - 1
  return new ChatResponse({
    id: "chatcmpl-6a5a94402c5b15ae3c2ccb5b",
    model: "kimi-k3",
    provider: "moonshot",
    created: 1784321103,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: isLast ? "It is mild in Paris." : "",
          reasoning_content: "The user asks about the weather, so I call the tool.",
          ...(isLast
            ? {}
            : {
                tool_calls: [
                  {
                    id: "get_weather_0",
                    type: "function",
                    function: { name: "get_weather", arguments: `{"location":"Paris, France","day":${step}}` }
                  }
                ]
              })
        },
        finish_reason: isLast ? "stop" : "tool_calls"
      }
    ],
    usage
  })
}

const eventsOf = (response: ChatResponse): ReadonlyArray<StreamEvent.StreamEvent> => [
  { _tag: "Start", id: response.id, model: response.model, provider: "moonshot", created: response.created },
  { _tag: "ReasoningDelta", choice: 0, text: response.reasoning },
  ...(response.text === "" ? [] : [{ _tag: "TextDelta", choice: 0, text: response.text } as const]),
  ...response.toolCalls.map((call, index) => ({ _tag: "ToolCall", choice: 0, index, call }) as const),
  { _tag: "Usage", usage },
  { _tag: "Finish", finishReason: response.finishReason, finishReasons: [response.finishReason] }
]

/** The requests of one run, in order. */
const requests: Array<ModelRequest> = []
let isRecording = true

/** The responses are made before they are measured, by the length of their conversation. */
const responses = new Map<number, { readonly response: ChatResponse; readonly events: ReturnType<typeof eventsOf> }>()

const responseTo = (request: ModelRequest) => {
  if (isRecording) {
    requests.push(request)
    const response = respond(request)
    responses.set(request.messages.length, { response, events: eventsOf(response) })
  }
  // Every length was recorded by the first run.
  return responses.get(request.messages.length) as NonNullable<ReturnType<typeof responses.get>>
}

const transport: ChatTransport.ChatTransport["Service"] = {
  provider: Provider.providers.moonshot,
  chat: (request) => Effect.sync(() => responseTo(request).response),
  stream: (request) => Stream.suspend(() => Stream.fromArray(responseTo(request).events))
}

const client = KimiClient.layerTransport.pipe(
  Layer.provide(Layer.succeed(ChatTransport.ChatTransport, transport)),
  Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-bench") }))
)

const kit = Toolkit.make(
  Tool.make("get_weather", {
    description: "Get current weather information for a location",
    parameters: Schema.Struct({ location: Schema.String, day: Schema.Int }),
    success: Schema.Struct({ celsius: Schema.Finite, sky: Schema.String })
  })
)

const runtime = ManagedRuntime.make(client)
const kimi = await runtime.runPromise(Effect.service(KimiClient.KimiClient))
const tools = await runtime.runPromise(
  ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
    Effect.provide(kit.toLayer({ get_weather: () => Effect.succeed({ celsius: 18, sky: "clear" }) }))
  )
)

const options = { tools, system: "Be brief.", prompt: "What's the weather like in Paris, France?" }
const runs = {
  run: AgentLoop.run(options),
  chat: Effect.suspend(() => Effect.forEach(requests, (request) => kimi.chat(request), { discard: true })),
  stream: Stream.runDrain(AgentLoop.stream(options)),
  chatStream: Effect.suspend(() =>
    Effect.forEach(requests, (request) => Stream.runDrain(kimi.stream(request)), { discard: true })
  )
}

const first = await runtime.runPromise(AgentLoop.run(options))
if (first.outcome._tag !== "Finished" || first.steps !== steps) throw new Error("The run did not finish")
isRecording = false

const cpuOf = async (run: Effect.Effect<unknown, unknown, KimiClient.KimiClient>): Promise<number> => {
  const before = process.cpuUsage()
  await runtime.runPromise(
    Effect.gen(function* () {
      for (let i = 0; i < repetitions; i++) yield* run
    })
  )
  const { user, system } = process.cpuUsage(before)
  return (user + system) / (repetitions * steps)
}

process.on("message", async () => {
  const result: RoundResult = {
    run: await cpuOf(runs.run),
    chat: await cpuOf(runs.chat),
    stream: await cpuOf(runs.stream),
    chatStream: await cpuOf(runs.chatStream)
  }
  process.send?.(result)
})
process.send?.("ready")
