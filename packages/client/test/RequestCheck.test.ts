import { isDeepStrictEqual } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import type * as KimiConfig from "@kimi-effect/core/KimiConfig"
import type { ModelRequest } from "@kimi-effect/core/ChatRequest"
import type { Message } from "@kimi-effect/core/Message"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Result from "effect/Result"
import { providers } from "../src/Provider.ts"
import { withoutAbsent } from "../src/internal/requestMembers.ts"
import * as RequestCheck from "../src/RequestCheck.ts"
import { fields } from "./internal/support/errors.ts"
import { requests } from "./internal/support/requests.ts"
import { elsewhere, families, type Members, requestOf, user } from "./internal/support/rules.ts"
import { runs, seedOf } from "../../../test/support/depth.ts"

type Policy = KimiConfig.Values["requestPolicy"]

interface Checked {
  readonly result: Result.Result<ModelRequest, RequestCheck.CheckError>
  /** Level, text and annotations of every log entry. */
  readonly log: ReadonlyArray<readonly [string, string, Readonly<Record<string, unknown>>]>
}

const checked = (
  request: ModelRequest,
  policy: Policy,
  host: KimiConfig.ProviderId = "moonshot"
): Effect.Effect<Checked> =>
  Effect.suspend(() => {
    const log: Array<Checked["log"][number]> = []
    const logger = Logger.make(({ logLevel, message, fiber }) => {
      log.push([logLevel, String(message), fiber.getRef(References.CurrentLogAnnotations)])
    })
    return RequestCheck.check(request, providers[host], policy).pipe(
      Effect.result,
      Effect.map((result) => ({ result, log })),
      Effect.provide(Logger.layer([logger]))
    )
  })

const tagOf = ({ result }: Checked): string | undefined => (Result.isFailure(result) ? result.failure._tag : undefined)

const call = { id: "f_0", type: "function", function: { name: "f", arguments: '{"secret":1}' } }
const calling: Message = { role: "assistant", content: "", tool_calls: [call] }
const result: Message = { role: "tool", tool_call_id: "f_0", content: "secret" }

describe("RequestCheck", () => {
  it.effect("returns a valid request unchanged, without a log line", () =>
    Effect.gen(function* () {
      const loop: Members = {
        messages: [
          { role: "system", content: "Be brief." },
          user,
          { ...calling, reasoning_content: "Hm" },
          result,
          { role: "assistant", content: "So", reasoning_content: "Hm" },
          user
        ],
        tools: [{ type: "function", function: { name: "f" } }],
        max_completion_tokens: 1_000
      }
      for (const model of [...families.k3, ...families.k27, ...families.k26, "unknown"]) {
        for (const policy of ["reject", "repair"] as const) {
          const { result, log } = yield* checked(requestOf(model, loop), policy)
          assert.deepStrictEqual(result, Result.succeed(requestOf(model, loop)), model)
          assert.deepStrictEqual(log, [])
        }
      }
    })
  )

  it.effect("rejects a malformed request with either policy", () =>
    Effect.gen(function* () {
      for (const policy of ["reject", "repair"] as const) {
        for (const host of ["moonshot", ...elsewhere] as const) {
          const malformed = { ...requestOf("kimi-k3"), temperature: "secret" } as unknown as ModelRequest
          const { result, log } = yield* checked(malformed, policy, host)
          assert.deepStrictEqual(Result.isFailure(result) ? fields(result.failure) : undefined, {
            _tag: "InvalidRequestError",
            provider: host,
            parameter: "temperature",
            message: "temperature: Expected number | undefined"
          })
          assert.deepStrictEqual(log, [])
        }
      }
    })
  )

  /** A problem for each rule, and its result with the policy `repair`. */
  const problems: ReadonlyArray<readonly [tag: string, model: string, given: Members, repaired: Members | undefined]> =
    [
      ["ModelRetiredError", "kimi-k2.5", {}, undefined],
      ["InvalidRequestError", "kimi-k3", { messages: [] }, undefined],
      ["EmptyMessageError", "kimi-k3", { messages: [user, { role: "user", content: "" }] }, { messages: [user] }],
      [
        "UnsupportedMediaError",
        "kimi-k3",
        { messages: [{ role: "user", content: [{ type: "image_url", image_url: "http://secret" }] }] },
        undefined
      ],
      [
        "InvalidRequestError",
        "kimi-k3",
        { messages: [{ role: "assistant", content: "{", partial: true }, user] },
        undefined
      ],
      ["UnsupportedParameterError", "kimi-k3", { thinking: { type: "disabled" } }, {}],
      ["UnsupportedParameterError", "kimi-k3", { reasoning_effort: "secret" }, {}],
      ["UnsupportedParameterError", "kimi-k2.7-code", { thinking: { type: "disabled" } }, {}],
      ["UnsupportedParameterError", "kimi-k3", { temperature: 0.7 }, {}],
      ["UnsupportedParameterError", "kimi-k2.6", { top_p: 0.5, n: 2 }, {}],
      ["UnsupportedParameterError", "kimi-k3", { logprobs: true, top_logprobs: 3 }, {}],
      ["UnsupportedParameterError", "kimi-k3", { stop: "secret".repeat(6) }, undefined],
      [
        "InvalidRequestError",
        "kimi-k3",
        { tools: ["f", "f"].map((name) => ({ type: "function", function: { name } })) },
        undefined
      ],
      ["UnsupportedParameterError", "kimi-k2.6", { tool_choice: "required" }, { tool_choice: "auto" }],
      ["ToolHistoryError", "kimi-k3", { messages: [user, result] }, undefined],
      [
        "MissingReasoningError",
        "kimi-k3",
        { messages: [user, calling, result] },
        { messages: [user, { ...calling, reasoning_content: "" }, result] }
      ],
      ["ContextLengthError", "kimi-k2.6", { max_completion_tokens: 300_000 }, { max_completion_tokens: 262_144 }]
    ]

  it.effect("rejects the problem of each rule, without a log line", () =>
    Effect.gen(function* () {
      for (const [tag, model, given] of problems) {
        const outcome = yield* checked(requestOf(model, given), "reject")
        assert.strictEqual(tagOf(outcome), tag, JSON.stringify(given))
        assert.deepStrictEqual(outcome.log, [])
        assert.notInclude(JSON.stringify(outcome.result), "secret")
      }
    })
  )

  it.effect("repairs what it can, with one warning that has no content", () =>
    Effect.gen(function* () {
      for (const [tag, model, given, repaired] of problems) {
        const outcome = yield* checked(requestOf(model, given), "repair")
        assert.strictEqual(tagOf(outcome), repaired === undefined ? tag : undefined)
        assert.strictEqual(outcome.log.length, repaired === undefined ? 0 : 1)
        if (repaired === undefined) continue
        assert.deepStrictEqual(outcome.result, Result.succeed(requestOf(model, repaired)))
        const [entry] = outcome.log
        assert.deepStrictEqual(entry?.[0], "Warn")
        assert.match(String(entry?.[1]), /^Repaired a request: /)
        assert.deepStrictEqual(entry?.[2], { provider: "moonshot", model })
        assert.notInclude(JSON.stringify(outcome.log), "secret")
      }
    })
  )

  const repairedByAll = Effect.suspend(() => {
    const given: Members = {
      messages: [{ role: "user", content: "" }, user, { role: "assistant" }, calling, result],
      temperature: 0.2,
      top_p: 1,
      thinking: { type: "enabled", keep: "all" },
      tool_choice: { type: "function", function: { name: "f" } },
      max_tokens: 2_000_000,
      prompt_cache_key: "kept"
    }
    return checked(requestOf("kimi-k2.7-code", given), "repair")
  })

  it.effect("makes all repairs in the order of the rules", () =>
    Effect.gen(function* () {
      const { result: repaired } = yield* repairedByAll
      assert.deepStrictEqual(
        repaired,
        Result.succeed(
          requestOf("kimi-k2.7-code", {
            messages: [user, { ...calling, reasoning_content: "" }, result],
            thinking: { type: "enabled" },
            tool_choice: "auto",
            max_completion_tokens: 262_143,
            prompt_cache_key: "kept"
          })
        )
      )
    })
  )

  it.effect("logs every repair", () =>
    Effect.gen(function* () {
      const { log } = yield* repairedByAll
      assert.deepStrictEqual(
        log.map(([, text]) => text),
        [
          "Repaired a request: removed messages[0], removed messages[1], removed thinking.keep, removed temperature, " +
            "removed top_p, set tool_choice to auto, added an empty reasoning_content to messages[1], " +
            "lowered max_completion_tokens to 262143"
        ]
      )
    })
  )

  it.effect("applies no rules of models to an unknown model", () =>
    Effect.gen(function* () {
      const odd: Members = {
        messages: [user, calling, result],
        temperature: 0.2,
        top_p: 0.1,
        n: 3,
        logprobs: true,
        thinking: { type: "disabled", keep: "all" },
        reasoning_effort: "odd",
        tool_choice: "required",
        max_completion_tokens: 1e9
      }
      for (const host of ["moonshot", ...elsewhere] as const) {
        const outcome = yield* checked(requestOf("somebody/else", odd), "reject", host)
        assert.deepStrictEqual(outcome.result, Result.succeed(requestOf("somebody/else", odd)), host)
      }
    })
  )

  it.effect("does not apply Moonshot's rules at other hosts", () =>
    Effect.gen(function* () {
      const odd: Members = {
        messages: [user, calling, result],
        temperature: 0.2,
        n: 3,
        stop: ["1", "2", "3", "4", "5", "6"],
        logprobs: true,
        thinking: { type: "disabled" },
        reasoning_effort: "medium",
        tool_choice: "required"
      }
      for (const model of ["kimi-k3", "moonshotai/Kimi-K2.5", "kimi-k2.5:cloud", "kimi-k2.7-code"]) {
        for (const host of elsewhere) {
          const outcome = yield* checked(requestOf(model, odd), "reject", host)
          assert.deepStrictEqual(outcome.result, Result.succeed(requestOf(model, odd)), `${model} at ${host}`)
        }
      }
    })
  )

  it.effect.prop(
    "returns a valid request or an error for every request",
    { given: requests },
    ({ given: { request, host } }) =>
      Effect.gen(function* () {
        const before = structuredClone(request)
        const repaired = yield* checked(request, "repair", host)
        assert.deepStrictEqual(request, before)
        if (Result.isFailure(repaired.result)) {
          // A problem that cannot be repaired is rejected with either policy.
          assert.isDefined(tagOf(yield* checked(request, "reject", host)))
          return
        }
        const again = yield* checked(repaired.result.success, "reject", host)
        assert.deepStrictEqual(again.result, repaired.result)
        const isChanged = !isDeepStrictEqual(repaired.result.success, withoutAbsent(request))
        assert.strictEqual(repaired.log.length, isChanged ? 1 : 0)
        assert.strictEqual(tagOf(yield* checked(request, "reject", host)) !== undefined, isChanged)
      }),
    { arbitrary: { seed: seedOf("request check"), runs: runs({ sample: 400, deep: 5_000 }) } }
  )
})
