/** An agent with tools at a scripted host, under the clock of the test. */
import { assert } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import type { RunOptions } from "@kimi-effect/client/agent/AgentOptions"
import type { AgentEvent } from "@kimi-effect/client/agent/AgentEvent"
import type { AgentResult } from "@kimi-effect/client/agent/AgentResult"
import * as ToolSet from "@kimi-effect/client/agent/ToolSet"
import * as Provider from "@kimi-effect/client/Provider"
import type { Message } from "@kimi-effect/core/Message"
import { MockProvider, Reply, type Script } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ReceivedRequest } from "@kimi-effect/testing/node/ReceivedRequest"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { checkChat } from "../../../../testing/src/node/internal/requestCheck.ts"

/** Adds a text to a journal, and returns it. */
const Note = Tool.make("note", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
/** Takes a number of seconds. */
const Wait = Tool.make("wait", { parameters: Schema.Struct({ seconds: Schema.Int }), success: Schema.String })
/** Changes nothing, and takes a second. */
const Read = Tool.make("read", { parameters: Schema.Struct({ path: Schema.String }), success: Schema.String }).annotate(
  Tool.Readonly,
  true
)
/** Needs an approval. */
const Remove = Tool.make("remove", {
  parameters: Schema.Struct({ path: Schema.String }),
  success: Schema.String,
  needsApproval: true
})
/** Fails, and by its mode ends the effect. */
const Fail = Tool.make("fail", {
  parameters: Schema.Struct({ secret: Schema.optionalKey(Schema.String) }),
  success: Schema.String,
  failure: Schema.Struct({ _tag: Schema.tag("DiskError"), detail: Schema.String })
})
/** Fails with a result for the model. */
const Refuse = Tool.make("refuse", {
  success: Schema.String,
  failure: Schema.String,
  failureMode: "return"
})
const Large = Tool.make("large", { parameters: Schema.Struct({ size: Schema.Int }), success: Schema.String })

const kit = Toolkit.make(Note, Wait, Read, Remove, Fail, Refuse, Large)

/** The tools, and what their handlers did in order. */
export const makeTools = Effect.gen(function* () {
  const log: Array<string> = []
  let running = 0
  let most = 0
  const write = (entry: string) => Effect.sync(() => void log.push(entry))
  const timed = (name: string, seconds: number) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        most = Math.max(most, ++running)
      }),
      () => Effect.andThen(Effect.sleep(seconds * 1_000), Effect.as(write(`${name} done`), `${name} done`)),
      () => Effect.sync(() => void running--)
    ).pipe(Effect.onInterrupt(() => write(`${name} interrupted`)))
  const tools = yield* ToolSet.make(kit, { provider: Provider.providers.moonshot }).pipe(
    Effect.provide(
      kit.toLayer({
        note: ({ text }) => Effect.as(write(`note ${text}`), text),
        wait: ({ seconds }) => timed(`wait ${seconds}`, seconds),
        read: ({ path }) => timed(`read ${path}`, 1),
        remove: ({ path }) => Effect.as(write(`remove ${path}`), `removed ${path}`),
        fail: () =>
          Effect.andThen(write("fail"), Effect.fail({ _tag: "DiskError" as const, detail: "the disk is full" })),
        refuse: () => Effect.andThen(write("refuse"), Effect.fail("not today")),
        large: ({ size }) => Effect.succeed("é".repeat(size))
      })
    )
  )
  return { tools, log, most: () => most }
})

/** A reply that calls tools, after some thought. */
export const calls = (...given: ReadonlyArray<readonly [name: string, args: unknown]>) =>
  Reply.toolCalls(
    given.map(([name, args]) => ({ name, arguments: args as Schema.Json })),
    { reasoning: "Let me use a tool." }
  )

/** Runs with a client at a scripted host. */
export const at = (script: Script.Script, options: MockProvider.Options = {}) =>
  Effect.provide(MockProvider.layerClient({ script, ...options }, { model: "kimi-k3" }))

/** Runs with the tools of `makeTools`. */
export const runWith = (options: Partial<RunOptions> = {}) =>
  Effect.gen(function* () {
    const { log, most, tools } = yield* makeTools
    const result = yield* AgentLoop.run({ prompt: "Go", tools, ...options })
    return { result, log, most: most() }
  })

/** The events of a run, and its result. */
export const collect = <E, R>(events: Stream.Stream<AgentEvent, E, R>) =>
  Effect.map(Stream.runCollect(events), (collected) => {
    const last = collected.at(-1)
    assert.strictEqual(last?._tag, "Finished")
    return { events: collected, result: (last as Extract<AgentEvent, { _tag: "Finished" }>).result }
  })

/** The tag of the error that ended a run, or of its outcome. */
export const outcomeOf = ({ outcome }: AgentResult): string =>
  outcome._tag === "Stopped" ? outcome.error._tag : outcome._tag

/** The texts of the tool messages. */
export const toolTexts = (messages: ReadonlyArray<Message>): ReadonlyArray<string> =>
  messages.flatMap((message) => (message.role === "tool" ? [String(message.content)] : []))

/** Why the mock server rejects the next request of a conversation, if it does. */
const rejectionOf = (messages: ReadonlyArray<Message>) => {
  const body = { model: "kimi-k3", messages: [...messages, { role: "user", content: "Continue" }] }
  // The check reads nothing but the body.
  return checkChat({ json: JSON.parse(JSON.stringify(body)) } as ReceivedRequest, () => true)
}

/** Asserts that the mock server, which has the rules of Kimi, accepts a history. */
export const assertAccepted = (messages: ReadonlyArray<Message>): void => {
  assert.strictEqual(rejectionOf(messages), undefined)
}

/** Runs an effect while virtual time passes. */
export const settled = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 day")
    return yield* Fiber.join(fiber)
  })
