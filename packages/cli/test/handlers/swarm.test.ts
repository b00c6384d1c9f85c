import { readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import type { SwarmEvent } from "@kimi-effect/client/swarm/SwarmEvent"
import { fromTokens } from "@kimi-effect/core/Usage"
import { Reply } from "@kimi-effect/testing"
import * as Effect from "effect/Effect"
import { SwarmView } from "../../src/swarmView.ts"
import { decoded, withServer } from "../mockedHost.ts"
import { externalIn } from "../externalResource.ts"
import { runKimi } from "../runKimi.ts"
import { temporaryFolder } from "../temporaryFolder.ts"

describe("kimi swarm", () => {
  it.live("writes the timeline of its agents", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const html = join(yield* temporaryFolder, "team.html")
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", "--json", "--html", html], { env })
        assert.strictEqual(code, 0, stderr)
        const result = decoded("swarm", stdout)
        // The recorded answer to a request with tools is a call of a tool; then comes the text.
        assert.deepInclude(result, { outcome: "Finished", steps: 2, toolCalls: 1 })
        assert.include(result.text, "Hello, starshine")
        assert.include(stderr, `0 working, 1 finished, 2 steps, ${result.cost[0]}`)
        const page = readFileSync(html, "utf8")
        const row = (name: string, value: unknown): string => `<td>${name}</td><td>${String(value)}</td>`
        for (const text of ["<svg", row("steps", result.steps), row("cost", result.cost[0])]) assert.include(page, text)
        assert.isUndefined(externalIn(page))
      })
    )
  )

  it.live("ends with a text from what there is at the limit of its cost", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        // At $3 and $15 a million tokens, a conclusion may cost about 11 cents and a call costs 6: one fits, a second does not.
        yield* server.reply(
          Reply.toolCalls([{ name: "create_subagent", arguments: { name: "a", system_prompt: "b" } }], {
            usage: { prompt_tokens: 100, completion_tokens: 4_000 }
          })
        )
        yield* server.reply(Reply.text("What there is"))
        const limits = ["--cost", "0.20 USD", "--max-tokens", "4000"]
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", ...limits, "--json"], { env })
        assert.strictEqual(code, 20, stderr)
        assert.deepInclude(decoded("swarm", stdout), { outcome: "Limited", text: "What there is" })
        assert.include(stderr, "--cost")
        assert.lengthOf(yield* server.requests, 2)
      })
    )
  )

  it.live.each([
    ["0.01 USD", 2, /kimi: UsageError: --cost must be at least 0\.\d+ USD, .*\n {2}Raise --cost/],
    ["5 CNY", 20, /so --cost cannot be enforced/]
  ] as const)("refuses a cost of %s before anything is sent", ([cost, expected, message]) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stderr } = yield* runKimi(["swarm", "Say hello", "--cost", cost], { env })
        assert.strictEqual(code, expected)
        assert.match(stderr, message)
        assert.lengthOf(yield* server.requests, 0)
      })
    )
  )

  it.live("finishes within its cost", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.text("Hello"))
        const limits = ["--cost", "5 USD", "--max-tokens", "4000"]
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", ...limits], { env })
        assert.deepStrictEqual([code, stdout], [0, "Hello\n"], stderr)
        const [request] = yield* server.requests
        assert.strictEqual(JSON.parse(request?.body ?? "{}").max_completion_tokens, 4_000)
      })
    )
  )

  it.live("stops at Ctrl-C, which a terminal whose keys are read does not send as a signal", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(Reply.never())
        const { code, stderr } = yield* runKimi(["swarm", "Say hello"], { env, keys: ["down", "return", "ctrl-c"] })
        assert.strictEqual(code, 130)
        assert.include(stderr, "Interrupted. With --journal, a swarm can be continued.")
      })
    )
  )

  it.live("fails for a key that the host refuses", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { code, stderr, stdout } = yield* runKimi(["swarm", "Say hello", "--json"], {
          env: { ...env, KIMI_API_KEY: "sk-another" }
        })
        assert.notStrictEqual(decoded("swarm", stdout).outcome, "Finished")
        assert.strictEqual(code, 25)
        assert.include(stderr, "SwarmSuspendedError")
      })
    )
  )

  it.live.each([
    { name: "a key that the host refuses", reply: Reply.unauthorized(), expected: "Check the key" },
    { name: "an empty account", reply: Reply.quotaExceeded(), expected: "Top up the account" }
  ])("names what removes the cause after $name", ({ expected, reply }) =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.replyAlways(() => reply)
        const { stderr } = yield* runKimi(["swarm", "Say hello", "--json"], { env })
        const { hint } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "").error
        assert.match(hint, new RegExp(`^${expected}.* Then run the command again; with --journal, `))
      })
    )
  )
})

describe("the view of kimi swarm", () => {
  const started = (agent: string, step = 1) => ({ _tag: "StepStarted", agent, step }) as const
  const usage = fromTokens(90, 10)
  const viewOf = (...events: ReadonlyArray<SwarmEvent>) => {
    const view = new SwarmView()
    for (const event of events) view.add(event)
    return view
  }

  it("shows what each agent does", () => {
    const view = viewOf(
      started("a"),
      started("b"),
      { _tag: "ToolCalled", agent: "a", callId: "1", tool: "read_file" },
      { _tag: "Requeued", agent: "b", reason: "RateLimitError", waitMillis: 3_000 },
      { _tag: "Suspended", agent: "b", reason: "QuotaExceededError" }
    )
    assert.deepStrictEqual(view.lines(false), [
      "2 working, 0 finished, 2 steps, suspended: QuotaExceededError",
      "  a: read_file",
      "  b: waits: RateLimitError"
    ])
  })

  it("shows the details of the agent that is selected", () => {
    const view = viewOf(
      started("a"),
      started("b"),
      { _tag: "ToolCalled", agent: "b", callId: "1", tool: "read_file" },
      { _tag: "ToolReturned", agent: "b", callId: "1", tool: "read_file", isFailure: true },
      { _tag: "Spent", agent: "b", step: 1, usage, total: [] },
      { _tag: "AgentFinished", agent: "b", outcome: "Stopped", error: "StepLimitError" }
    )
    view.select(1)
    view.toggle()
    assert.deepStrictEqual(view.lines(true).slice(1, 4), [
      "> a: step 1",
      "    1 step, 0 tool calls, 0 tokens, 0 returns to the queue",
      "    step 1"
    ])
  })

  it("keeps an agent that is selected when it ends", () => {
    const view = viewOf(started("a"), started("b"))
    view.select(-1)
    view.toggle()
    view.add({ _tag: "AgentFinished", agent: "b", outcome: "Stopped", error: "StepLimitError" })
    assert.deepStrictEqual(view.lines(false), [
      "1 working, 1 finished, 2 steps",
      "  a: step 1",
      "> b: StepLimitError",
      "    1 step, 0 tool calls, 0 tokens, 0 returns to the queue",
      "    step 1",
      "    StepLimitError"
    ])
  })

  it("moves through more agents than fit on a screen", () => {
    const view = viewOf(...Array.from({ length: 30 }, (_, index) => started(`agent ${index}`)))
    for (let moves = 0; moves < 20; moves++) view.select(1)
    const lines = view.lines(false)
    assert.strictEqual(lines.length, 11)
    assert.include(lines, "> agent 19: step 1")
  })
})
