/** Swarms at a scripted host, under the clock of the test. */
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as Provider from "@kimi-effect/client/Provider"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import { MockProvider, Reply, Script } from "@kimi-effect/testing"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import { TestClock } from "effect/testing"

const kit = Toolkit.make(
  Tool.make("look", { parameters: Schema.Struct({ at: Schema.String }), success: Schema.String }).annotate(
    Tool.Readonly,
    true
  )
)

/** A tool with a place as its argument, and the places in order. */
export const makeTools = Effect.gen(function* () {
  const places: Array<string> = []
  const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
    Effect.provide(
      kit.toLayer({
        look: ({ at }) =>
          Effect.sync(() => {
            places.push(at)
            return `seen ${at}`
          }).pipe(Effect.withSpan("handler of look"))
      })
    )
  )
  return { tools, places }
})

type Called = ReadonlyArray<readonly [name: string, args: unknown]>

/** A reply with tool calls, and what it has used. */
export const callsUsing = (usage: Reply.ChatResponseFields["usage"], ...given: Called) =>
  Reply.toolCalls(
    given.map(([name, args]) => ({ name, arguments: args as Schema.Json })),
    { reasoning: "Let me think.", usage }
  )

/** A reply with tool calls. */
export const calls = (...given: Called) => callsUsing(undefined, ...given)

export const create = (name: string, more: object = {}) =>
  ["create_subagent", { name, system_prompt: `You are ${name}`, ...more }] as const

export const assign = (agent: string, prompt: string) => ["assign_task", { agent, prompt }] as const

const textOf = (content: unknown): string => (typeof content === "string" ? content : "")

/** The first message of the user: the task of an agent. */
export const taskOf = ({ messages }: ModelRequest): string =>
  textOf(messages.find(({ role }) => role === "user")?.content)

export const systemOf = ({ messages }: ModelRequest): string =>
  textOf(messages.find(({ role }) => role === "system")?.content)

/** The responses that a conversation has already. */
export const stepOf = ({ messages }: ModelRequest): number => messages.filter(({ role }) => role === "assistant").length

export const toolTexts = ({ messages }: ModelRequest): ReadonlyArray<string> =>
  messages.flatMap((message) => (message.role === "tool" ? [textOf(message.content)] : []))

/** Whether the request is that of an orchestrator. */
export const isOrchestrator = (request: ModelRequest): boolean =>
  (request.tools ?? []).some((tool) => tool.function.name === "assign_task") &&
  systemOf(request).includes("You coordinate a team")

/** Whether a request is for the conclusion of a swarm that a limit has ended. */
export const isConclusion = (request: ModelRequest): boolean => systemOf(request).includes("had to stop early")

/** Answers each request after a delay. */
export const answering = (answer: Script.AnswerFunction, delay: Duration.Input = "1 second"): Script.Script =>
  ((request, received) =>
    Effect.andThen(
      Effect.sleep(delay),
      Effect.suspend(() => {
        const given = answer(request, received)
        return Effect.isEffect(given) ? given : Effect.succeed(given)
      })
    )) as Script.AnswerFunction

/** Runs with a client at a scripted host. */
export const at = (script: Script.Script) => Effect.provide(MockProvider.layerClient({ script }, { model: "kimi-k3" }))

/** The same with all stages of a client: retries, circuits and limits. */
export const inClient = (script: Script.Script) =>
  Effect.provide(
    KimiClient.layerTransport.pipe(
      Layer.provideMerge(MockProvider.layerTransport({ script })),
      Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test"), model: "kimi-k3" }))
    )
  )

/** Runs an effect while virtual time passes. */
export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>, time: Duration.Input = "1 day") =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  })
