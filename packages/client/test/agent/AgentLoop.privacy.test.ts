import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "@kimi-effect/client/agent/AgentLoop"
import { KimiConfig } from "@kimi-effect/core"
import { KimiClient } from "@kimi-effect/client"
import { MockProvider } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { recordSpans } from "../support/spans.ts"
import { calls, collect, makeTools, settled } from "./support/agent.ts"

const secret = "hunter2"

/** What a run writes to spans and logs, also to the span around it. */
const observe = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const { record, spans } = recordSpans()
    const lines: Array<string> = []
    const logger = Logger.make((options) => void lines.push(Logger.formatJson.log(options)))
    const value = yield* effect.pipe(
      Effect.withSpan("application"),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Trace"),
      record
    )
    const text = spans.map((span) => JSON.stringify([span.name, [...span.attributes], span.events]))
    return { value, spans, text: [...text, ...lines].join("\n") }
  })

const layer = () =>
  KimiClient.layerTransport.pipe(
    Layer.provideMerge(
      MockProvider.layerTransport({
        script: [calls(["note", { text: secret }], ["fail", { secret }], ["remove", { path: secret }])]
      })
    ),
    Layer.provide(KimiConfig.layer({ apiKey: Redacted.make("sk-test"), model: "kimi-k3", logLevel: "Trace" }))
  )

describe("spans, log lines and errors of a run", () => {
  it.effect("contain no content of tool calls", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const { spans, text, value } = yield* observe(settled(collect(AgentLoop.stream({ prompt: "Go", tools }))))
      assert.isAbove(spans.length, 1)
      assert.include(JSON.stringify(value.result.state), secret)
      assert.notInclude(text, secret)
    }).pipe(Effect.provide(layer()))
  )

  it.effect("contain them in no error that ends the run", () =>
    Effect.gen(function* () {
      const { tools } = yield* makeTools
      const result = yield* settled(AgentLoop.run({ prompt: "Go", tools, onToolError: "end" }))
      assert(result.outcome._tag === "Stopped")
      assert.notInclude(JSON.stringify(result.outcome.error), secret)
    }).pipe(Effect.provide(layer()))
  )
})
