import { assert, describe, it } from "@effect/vitest"
import * as KimiConfig from "@kimi-effect/core/KimiConfig"
import * as Observer from "@kimi-effect/core/Observer"
import { Context, Effect, Exit, Layer, Redacted, Stream } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import { ChatTransport } from "../../src/ChatTransport.ts"
import * as FallbackPlan from "../../src/FallbackPlan.ts"
import * as HostApi from "../../src/HostApi.ts"
import * as KimiClient from "../../src/KimiClient.ts"
import { transportOf } from "../support/hosts.ts"
import { recordSpans } from "../support/spans.ts"

const cyclic: Record<string, unknown> = {}
cyclic["self"] = cyclic

const user = { role: "user", content: "hi" }

/** Values that only plain JavaScript can pass as a chat request. */
const inputs: Readonly<Record<string, unknown>> = {
  null: null,
  undefined: undefined,
  "a number": 5,
  "a text": "hi",
  "an array": [],
  "a function": () => ({ messages: [user] }),
  "an empty object": {},
  "messages that are null": { messages: null },
  "messages of other values": { messages: [null, 5] },
  "a model that is a number": { messages: [user], model: 5 },
  "a model that is a symbol": { messages: [user], model: Symbol("m") },
  "a member that is a bigint": { messages: [user], extra_body: { a: 5n } },
  "members nested without an end": { messages: [user], extra_body: cyclic },
  "an accessor that throws": {
    get messages(): never {
      throw new Error("unreadable")
    }
  },
  "an accessor in a message that throws": {
    messages: [
      {
        role: "user",
        get content(): never {
          throw new Error("unreadable")
        }
      }
    ]
  }
}

const config = KimiConfig.layer({ apiKey: Redacted.make("sk-test-0123456789") })

const clients = {
  "a client": Layer.empty,
  "a client with telemetry": Observer.layer(),
  "a client with a fallback plan": Layer.effect(FallbackPlan.FallbackPlan, FallbackPlan.make([{ model: "kimi-k2.6" }]))
} as const

const clientWith = (services: (typeof clients)[keyof typeof clients]) =>
  Effect.map(
    Layer.build(
      Layer.effect(KimiClient.KimiClient, KimiClient.make).pipe(
        Layer.provide(services),
        Layer.provide(
          Layer.succeed(
            HttpClient.HttpClient,
            HttpClient.make(() => Effect.never)
          )
        ),
        Layer.provide(Layer.succeed(ChatTransport, transportOf())),
        Layer.provide(HostApi.layerOff),
        Layer.provide(config)
      )
    ),
    (context) => Context.get(context, KimiClient.KimiClient)
  )

const errorOf = <A, E>(exit: Exit.Exit<A, E>): unknown => {
  if (Exit.isSuccess(exit)) return assert.fail("the call succeeded")
  const [reason] = exit.cause.reasons
  return reason?._tag === "Fail" ? reason.error : assert.fail(`the call ended with ${reason?._tag}`)
}

for (const [name, services] of Object.entries(clients)) {
  describe(`${name}, called from plain JavaScript`, () => {
    for (const [what, input] of Object.entries(inputs)) {
      it.effect(`fails a chat with ${what}`, () =>
        Effect.gen(function* () {
          const kimi = yield* clientWith(services)
          const error = errorOf(yield* Effect.exit(kimi.chat(input as never)))
          assert.propertyVal(error, "_tag", "InvalidRequestError")
        })
      )

      it.effect(`fails a stream with ${what}`, () =>
        Effect.gen(function* () {
          const kimi = yield* clientWith(services)
          const error = errorOf(yield* Effect.exit(Stream.runDrain(kimi.stream(input as never))))
          assert.propertyVal(error, "_tag", "InvalidRequestError")
        })
      )
    }

    it.effect("fails an estimate of null", () =>
      Effect.gen(function* () {
        const kimi = yield* clientWith(services)
        const error = errorOf(yield* Effect.exit(kimi.estimateTokens(null as never)))
        assert.propertyVal(error, "_tag", "InvalidRequestError")
      })
    )
  })
}

describe("the span of a malformed request", () => {
  it.effect("has no member of another type than its attribute", () =>
    Effect.gen(function* () {
      const { spans, tracer } = recordSpans()
      const kimi = yield* clientWith(clients["a client with telemetry"])
      const prompt = "the prompt, in the wrong member"
      const request = { messages: [user], temperature: prompt, top_p: prompt, n: prompt, max_tokens: { prompt } }
      yield* Effect.exit(kimi.chat(request as never)).pipe(Effect.withTracer(tracer))
      const attributes = spans.map((span) => [...span.attributes.values()])
      assert.isNotEmpty(attributes.flat())
      assert.notInclude(JSON.stringify(attributes), prompt)
    })
  )
})
