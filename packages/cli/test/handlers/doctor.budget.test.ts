/** Whether `kimi doctor` finds that a budget can count no call. */
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import * as Effect from "effect/Effect"
import { ownPrefix, reachable, urlOf } from "../../../client/test/node/support/redis.ts"
import { closedPort, diagnose, key, problemsOf } from "../doctorSetUp.ts"
import { runKimi } from "../runKimi.ts"

const usage = { prompt_tokens: 1000, completion_tokens: 1000, total_tokens: 2000 }

/** The checks after one call for $0.018, under these caps in a store. */
const afterOneCall = (store: string, budget: string, later = budget) =>
  diagnose(({ folder, server }) =>
    Effect.gen(function* () {
      yield* server.replyAlways(() => Reply.text("Hello!", { usage }))
      const env = {
        KIMI_API_KEY: key,
        KIMI_BASE_URL: server.url,
        KIMI_BUDGET_STORE: store.replace("FOLDER", folder),
        KIMI_REDIS_KEY_PREFIX: yield* ownPrefix,
        NO_PROXY: "*"
      }
      const chat = ["chat", "Hi", "--max-tokens", "1000", "--budget", budget]
      const { code, stderr } = yield* runKimi(chat, { env })
      assert.strictEqual(code, 0, stderr)
      return { ...env, KIMI_BUDGET: later }
    })
  )

const sqlite = "sqlite:FOLDER/budget.db"

const found = (env: { readonly [name: string]: string }) => diagnose(() => Effect.succeed(env))

describe("kimi doctor", () => {
  it.live("names a budget in another currency than the prices of the host", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "5 CNY per day" })
      assert.strictEqual(code, 1)
      const budget = checks.find(({ status }) => status === "problem")
      assert.match(
        budget?.message ?? "",
        /^Every call is refused: The price of kimi-k3 at moonshot is in USD, in which/
      )
      assert.strictEqual(budget?.fix, "Set the cap in USD, the currency of the price, and not in CNY alone.")
    })
  )

  it.live("names a budget for a model without a price", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({ KIMI_BUDGET: "5 USD per day", KIMI_MODEL: "house-model" })
      const budget = checks.find(({ name }) => name === "budget")
      assert.strictEqual(budget?.message, "Every call is refused: The price of house-model at moonshot is not known")
    })
  )

  it.live("accepts a model without a price where a budget allows it", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({
        KIMI_BUDGET: "5 CNY per day",
        KIMI_BUDGET_ON_UNKNOWN_PRICE: "allow"
      })
      assert.deepStrictEqual(problemsOf(checks), [])
    })
  )

  it.live("warns of a cap below the worst-case cost of a call without a limit of its tokens", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "1 USD per month" })
      assert.strictEqual(code, 0)
      assert.match(
        problemsOf(checks).join("\n"),
        /^budget: A call without max_completion_tokens is refused: The worst-case cost of the call, \$1\.\d+, exceeds what remains under the cap of month:[\d-]+$/
      )
    })
  )

  it.live("finds no problem in a cap below it where budgetDefaultOutputTokens is set", () =>
    Effect.gen(function* () {
      const { checks } = yield* found({ KIMI_BUDGET: "1 USD", KIMI_BUDGET_DEFAULT_OUTPUT_TOKENS: "1000" })
      assert.deepStrictEqual(problemsOf(checks), [])
    })
  )

  it.live("names a cap below the cost of the shortest call", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "0 USD" })
      assert.strictEqual(code, 1)
      assert.match(problemsOf(checks).join("\n"), /^budget: Every call is refused: .*under the cap of total$/)
    })
  )

  it.live("names what is spent of a cap", () =>
    Effect.map(afterOneCall(sqlite, "100 USD per day"), ({ checks, code }) => {
      assert.strictEqual(code, 0)
      const { message = "", status } = checks.find(({ name }) => name === "budget") ?? {}
      assert.strictEqual(status, "ok")
      assert.match(message, /^calls of kimi-k3 are allowed; day:[\d-]{10}: \$0\.018 of \$100 spent, \$99\.982 left$/)
    })
  )

  it.live.skipIf(!reachable)("names what is spent of a cap in Redis", () =>
    Effect.map(afterOneCall(urlOf(), "100 USD"), ({ checks }) => {
      const { message = "" } = checks.find(({ name }) => name === "budget") ?? {}
      assert.strictEqual(message, "calls of kimi-k3 are allowed; total: $0.018 of $100 spent, $99.982 left")
    })
  )

  it.live("names each cap that counts", () =>
    Effect.map(afterOneCall(sqlite, "100 USD per month; 50 USD; 9 CNY; 30 USD per day/tenant"), ({ checks }) => {
      const { message = "" } = checks.find(({ name }) => name === "budget") ?? {}
      assert.match(
        message,
        /; month:[\d-]{7}: \$0\.018 of \$100 .*; total: \$0\.018 of \$50 .*; day:[\d-]{10}\/tenant:/
      )
      assert.notInclude(message, "¥")
    })
  )

  it.live.each([
    ["day", "Raise the cap of KIMI_BUDGET, or wait until the day has ended."],
    ["month", "Raise the cap of KIMI_BUDGET, or wait until the month has ended."]
  ] as const)("names a cap of a %s that is spent", ([period, fix]) =>
    Effect.map(afterOneCall(sqlite, `1 USD per ${period}`, `0.01 USD per ${period}`), ({ checks, code }) => {
      assert.strictEqual(code, 1)
      const budget = checks.find(({ name }) => name === "budget")
      assert.deepInclude(budget, { status: "problem", fix })
      assert.match(
        budget?.message ?? "",
        /^Every call is refused: The cap of \w+:[\d-]+ is spent; \w+:[\d-]+: \$0\.018 of \$0\.01 spent, \$0 left$/
      )
    })
  )

  it.live("names no end of a cap in total that is spent", () =>
    Effect.map(afterOneCall(sqlite, "1 USD", "0.018 USD"), ({ checks }) => {
      assert.strictEqual(checks.find(({ name }) => name === "budget")?.fix, "Raise the cap of KIMI_BUDGET.")
    })
  )

  it.live("warns of an amount that is left below the worst-case cost of a call", () =>
    Effect.map(afterOneCall(sqlite, "1 USD per day", "0.03 USD per day"), ({ checks, code }) => {
      assert.strictEqual(code, 0)
      const { message = "", status } = checks.find(({ name }) => name === "budget") ?? {}
      assert.strictEqual(status, "warning")
      assert.match(
        message,
        /^A call without max_completion_tokens is refused: .*; day:.*: \$0\.018 of \$0\.03 spent, \$0\.012 left$/
      )
    })
  )

  it.live("does not report a store as unusable for a cap that is spent", () =>
    Effect.map(afterOneCall(sqlite, "0.017 USD per day"), ({ checks }) => {
      assert.deepInclude(checks.at(-1), { name: "stores", status: "ok", message: "budgetStore" })
    })
  )

  it.live("names no amounts of a store that does not exist yet", () =>
    Effect.gen(function* () {
      const { checks } = yield* diagnose(({ folder }) =>
        Effect.succeed({ KIMI_BUDGET: "100 USD", KIMI_BUDGET_STORE: `sqlite:${folder}/budget.db` })
      )
      const budget = checks.find(({ name }) => name === "budget")
      assert.deepInclude(budget, { status: "ok", message: "calls of kimi-k3 are allowed" })
    })
  )

  it.live("names no amounts of a store that does not answer", () =>
    Effect.gen(function* () {
      const url = `redis://127.0.0.1:${yield* closedPort}`
      const { checks } = yield* found({ KIMI_BUDGET: "100 USD", KIMI_BUDGET_STORE: url })
      const budget = checks.find(({ name }) => name === "budget")
      assert.deepInclude(budget, { status: "ok", message: "calls of kimi-k3 are allowed" })
      assert.include(problemsOf(checks), "stores: budgetStore: Redis cannot be used (ECONNREFUSED)")
    })
  )

  it.live("warns of a step of a fallback that a budget will skip", () =>
    Effect.gen(function* () {
      const { checks, code } = yield* found({ KIMI_BUDGET: "5 USD per day", KIMI_FALLBACK: "house-model" })
      assert.strictEqual(code, 0)
      assert.include(
        problemsOf(checks),
        "budget: Step 1 of the fallback is skipped: The price of house-model at moonshot is not known"
      )
    })
  )
})
