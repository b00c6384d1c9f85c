import { readFileSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as KimiClient from "@kimi-effect/client/KimiClient"
import * as Cassette from "@kimi-effect/testing/Cassette"
import * as ErrorReply from "@kimi-effect/testing/ErrorReply"
import * as CassetteStore from "@kimi-effect/testing/node/CassetteStore"
import * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { schemas } from "../src/schemas/schemas.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const key = "sk-secret-of-the-test"

const withServer = <A, E, R>(
  use: (server: MockServer.MockServer["Service"], env: { readonly [name: string]: string }) => Effect.Effect<A, E, R>
) =>
  Effect.scoped(
    Effect.flatMap(MockServer.make({ apiKey: key }), (server) =>
      use(server, { KIMI_BASE_URL: server.url, KIMI_API_KEY: key, KIMI_MAX_ATTEMPTS: "1", NO_PROXY: "*" })
    )
  )

/** Decodes the output as the documented schema of a command. */
const decoded = <N extends keyof typeof schemas>(name: N, stdout: string): (typeof schemas)[N]["Type"] =>
  Schema.decodeUnknownSync(schemas[name] as Schema.Codec<(typeof schemas)[N]["Type"]>)(JSON.parse(stdout))

describe("kimi models", () => {
  it.live("lists prices without a key", () =>
    Effect.gen(function* () {
      const { code, stdout } = yield* runKimi(["models", "--json"])
      assert.strictEqual(code, 0)
      const { models } = decoded("models", stdout)
      assert.strictEqual(models.find(({ id }) => id === "kimi-k3")?.prices[0]?.output, "15.00")
    })
  )

  it.live("lists the models of the host", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["models", "--live", "--json"], { env })
        assert.strictEqual(decoded("models", stdout).models.length, 4)
      })
    )
  )

  it.live("fails for the live list without a key", () =>
    Effect.gen(function* () {
      const { code, stderr, stdout } = yield* runKimi(["models", "--live"])
      assert.deepStrictEqual([code, stdout], [10, ""])
      assert.include(stderr, "KIMI_API_KEY")
    })
  )
})

describe("kimi chat", () => {
  it.live("answers the words of the command line", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stdout } = yield* runKimi(["chat", "Hello", "world!"], { env })
        assert.strictEqual(code, 0)
        assert.include(stdout, "Hello!")
        const [request] = yield* server.requests
        assert.include(request?.body ?? "", "Hello world!")
      })
    )
  )

  it.live("adds what is piped after the prompt", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* runKimi(["chat", "Review"], { env, stdin: "a diff\n" })
        assert.include((yield* server.requests)[0]?.body ?? "", String.raw`Review\n\na diff`)
      })
    )
  )

  it.live("writes the response as the documented document", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["chat", "--json", "Hi"], { env })
        const { cost, finishReason } = decoded("chat", stdout)
        assert.strictEqual(finishReason, "stop")
        assert.match(cost ?? "", /^\$0\.\d+$/)
      })
    )
  )

  it.live("writes one documented event per line of a stream", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const { stdout } = yield* runKimi(["chat", "--json", "--stream", "Hi"], { env })
        const events = stdout
          .trim()
          .split("\n")
          .map((line) => decoded("chat --stream", line))
        assert.deepStrictEqual([events[0]?._tag, events.at(-1)?._tag], ["Start", "Finish"])
      })
    )
  )

  it.live("sends the earlier turns of a conversation", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const { code, stdout } = yield* runKimi(["chat"], { env, typed: ["First", "Second"] })
        assert.strictEqual(code, 0)
        assert.include(stdout, "> ")
        const second = (yield* server.requests)[1]?.body ?? ""
        assert.include(second, "First")
        assert.include(second, "Second")
      })
    )
  )

  it.live("continues after a turn that failed", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.limitRpm)
        const { code, stderr } = yield* runKimi(["chat"], { env, typed: ["First", "Second"] })
        assert.strictEqual(code, 0)
        assert.include(stderr, "RateLimitError")
        assert.strictEqual((yield* server.requests).length, 2)
      })
    )
  )

  it.live("continues the conversation of a file that only its owner can read", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "chat.json")
        yield* runKimi(["chat", "First", "--history", path], { env })
        yield* runKimi(["chat", "Second", "--history", path], { env })
        assert.include((yield* server.requests)[1]?.body ?? "", "First")
        assert.strictEqual(statSync(path).mode & 0o077, 0)
        assert.include(readFileSync(path, "utf8"), "Second")
      })
    )
  )

  it.live("sends an image in the message", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "dot.png")
        writeFileSync(
          path,
          Buffer.from(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
            "base64"
          )
        )
        yield* runKimi(["chat", "What is this?", "--image", path], { env })
        assert.include((yield* server.requests)[0]?.body ?? "", "data:image/png;base64,")
      })
    )
  )

  it.live("fails without a prompt", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["chat"], { env, stdin: "" }), ({ code, stderr }) => {
        assert.strictEqual(code, 16)
        assert.include(stderr, "EmptyMessageError")
      })
    )
  )

  it.live("reports a failure as JSON if the result would be", () =>
    withServer((server, env) =>
      Effect.gen(function* () {
        yield* server.reply(ErrorReply.table.limitRpm)
        const { code, stderr, stdout } = yield* runKimi(["chat", "Hi", "--json"], { env })
        assert.deepStrictEqual([code, stdout], [14, ""])
        assert.strictEqual(JSON.parse(stderr).error.tag, "RateLimitError")
      })
    )
  )
})

describe("kimi tokens", () => {
  it.live("estimates without a key", () =>
    Effect.map(runKimi(["tokens", "Hello", "--json"]), ({ stdout }) => {
      assert.deepStrictEqual(decoded("tokens", stdout), { tokens: 86, model: "kimi-k3", source: "estimate" })
    })
  )

  it.live("fails without a text", () =>
    Effect.map(runKimi(["tokens"], { stdin: " \n" }), ({ code }) => assert.strictEqual(code, 16))
  )
})

describe("kimi cost", () => {
  it.live("adds up chat requests, rows of a batch, or prompts", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const request = { messages: [{ role: "user", content: "Hello" }], max_completion_tokens: 1000 }
      writeFileSync(
        join(folder, "requests.jsonl"),
        `${JSON.stringify(request)}\n${JSON.stringify({ custom_id: "1", body: request })}\n`
      )
      const { stdout } = yield* runKimi(["cost", join(folder, "requests.jsonl"), "--json"])
      // 2 × 86 prompt tokens at $3, and 500 or 1,000 output tokens at $15, per million.
      assert.deepStrictEqual(decoded("cost", stdout).amounts, [
        { currency: "USD", likely: "0.015516", worst: "0.030516" }
      ])
    })
  )

  it.live("names the line of a request that it cannot read, without its text", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "requests.jsonl")
      writeFileSync(path, '{"messages":[]}\n{"secret":1}\n')
      const { code, stderr } = yield* runKimi(["cost", path])
      assert.strictEqual(code, 16)
      assert.include(stderr, "Line 2")
      assert.notInclude(stderr, "secret")
    })
  )
})

describe("kimi files", () => {
  it.live("reads back what it has uploaded", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "notes.txt")
        writeFileSync(path, "Some notes")
        const id = (yield* runKimi(["files", "upload", path], { env })).stdout.trim()
        const list = yield* runKimi(["files", "list", "--json"], { env })
        assert.deepStrictEqual(
          decoded("files list", list.stdout).files.map((file) => file.id),
          [id]
        )
        const text = yield* runKimi(["files", "get", id, "--text"], { env })
        assert.include(text.stdout, "Some notes")
        const removed = yield* runKimi(["files", "delete", id, "--json"], { env })
        assert.deepStrictEqual(decoded("files delete", removed.stdout), { deleted: [id] })
      })
    )
  )

  it.live("fails for an id that does not exist", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["files", "get", "file-none"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 16)
        assert.include(stderr, "FileNotFoundError")
      })
    )
  )
})

describe("kimi balance", () => {
  it.live("prints cash with vouchers", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["balance", "--json"], { env }), ({ stdout }) =>
        assert.strictEqual(decoded("balance", stdout).available, 12.5)
      )
    )
  )

  it.live("fails at a host without balances", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["balance", "--provider", "together"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 16)
        assert.include(stderr, "UnsupportedOperationError")
      })
    )
  )
})

describe("kimi config", () => {
  it.live("names the origin of each value", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const [json, dotEnv, keyFile] = ["kimi.json", ".env", "key"].map((name) => join(folder, name)) as [
        string,
        string,
        string
      ]
      writeFileSync(json, JSON.stringify({ kimi: { tier: 2, idleTimeout: "9 seconds" } }), { mode: 0o600 })
      writeFileSync(dotEnv, "KIMI_CACHE=memory\nKIMI_IDLE_TIMEOUT=8 seconds\n", { mode: 0o600 })
      writeFileSync(keyFile, `${key}\n`, { mode: 0o600 })
      const files = ["--config", json, "--env-file", dotEnv, "--api-key-file", keyFile]
      const { stdout } = yield* runKimi(["config", "--json", "--max-attempts", "2", ...files], {
        env: { KIMI_MODEL: "kimi-k2.6" }
      })
      const origins = Object.fromEntries(decoded("config", stdout).options.map(({ name, origin }) => [name, origin]))
      assert.deepStrictEqual(origins, {
        apiKey: `file ${keyFile}`,
        model: "environment (KIMI_MODEL)",
        idleTimeout: `file ${dotEnv} (KIMI_IDLE_TIMEOUT)`,
        maxAttempts: "flag --max-attempts",
        tier: `file ${json} (kimi.tier)`,
        cache: `file ${dotEnv} (KIMI_CACHE)`
      })
    })
  )

  it.live("hides every secret", () =>
    Effect.map(
      runKimi(["config", "--all"], {
        env: {
          KIMI_API_KEY: key,
          KIMI_CACHE: `redis://user:${key}@localhost:6379`,
          KIMI_PROXY: `http://user:${key}@proxy:8080`,
          KIMI_HEADERS: `{"x-team":"${key}"}`,
          KIMI_REDIS_PASSWORD: key,
          KIMI_FALLBACK: `[{"provider":"together","apiKey":"${key}"}]`
        }
      }),
      ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 0)
        assert.notInclude(stdout + stderr, key)
      }
    )
  )

  for (const args of [
    ["--set", `apiKey=${key}`],
    ["--proxy", `http://user:${key}@proxy:8080`],
    ["--fallback", `[{"provider":"together","apiKey":"${key}"}]`]
  ]) {
    it.live(`refuses a secret after ${args[0]}`, () =>
      Effect.map(runKimi(["config", ...args]), ({ code, stderr, stdout }) => {
        assert.strictEqual(code, 10)
        assert.include(stderr, "no secrets on the command line: use KIMI_")
        assert.notInclude(stdout + stderr, key)
      })
    )
  }

  it.live("lists every option that cannot be used", () =>
    Effect.map(runKimi(["config", "--tier", "9", "--set", "idleTimeout=never"]), ({ code, stderr }) => {
      assert.strictEqual(code, 10)
      assert.include(stderr, "--tier")
      assert.include(stderr, "--set idleTimeout")
    })
  )
})

describe("kimi simulate", () => {
  it.live("writes the page of a day", () =>
    Effect.gen(function* () {
      const html = join(yield* temporaryFolder, "day.html")
      const args = [
        "simulate",
        "--calls",
        "40",
        "--duration",
        "1 hour",
        "--outage",
        "5 minutes",
        "--json",
        "--html",
        html
      ]
      const { code, stdout } = yield* runKimi(args)
      assert.strictEqual(code, 0)
      assert.strictEqual(JSON.parse(stdout).calls.calls, 40)
      assert.include(readFileSync(html, "utf8"), "<!DOCTYPE html>")
    })
  )

  it.live("fails for a duration that it cannot read", () =>
    Effect.map(runKimi(["simulate", "--duration", "soon"]), ({ code, stderr }) => {
      assert.strictEqual(code, 10)
      assert.include(stderr, "--duration")
    })
  )
})

describe("kimi replay", () => {
  it.live("prints each request of a cassette with its response", () =>
    withServer((server) =>
      Effect.gen(function* () {
        const folder = yield* temporaryFolder
        yield* KimiClient.KimiClient.pipe(
          Effect.flatMap((kimi) => kimi.chat({ messages: [{ role: "user", content: "Hello world!" }] })),
          Effect.provide(
            KimiClient.layer({ apiKey: Redacted.make(key), baseUrl: server.url }).pipe(
              Layer.provide(Cassette.layer({ name: "greeting", mode: "record" })),
              Layer.provide(CassetteStore.layerFiles({ folder }))
            )
          ),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({}))
        )
        const path = join(folder, "greeting.json")
        const { stdout } = yield* runKimi(["replay", path, "--json"])
        assert.strictEqual(decoded("replay", stdout).interactions.length, 1)
        assert.include((yield* runKimi(["replay", path])).stdout, "/v1/chat/completions → 200")
      })
    )
  )

  it.live("fails for a file that is no cassette", () =>
    Effect.map(runKimi(["replay", "none.json"]), ({ code }) => assert.strictEqual(code, 1))
  )
})

describe("kimi schema", () => {
  it.live("prints a JSON Schema for each command", () =>
    Effect.forEach(Object.keys(schemas), (name) =>
      Effect.map(runKimi(["schema", name]), ({ code, stdout }) => {
        assert.strictEqual(code, 0, name)
        assert.include(JSON.parse(stdout).$schema, "2020-12")
      })
    )
  )

  it.live("fails for another name", () =>
    Effect.map(runKimi(["schema", "none"]), ({ code }) => assert.strictEqual(code, 1))
  )
})

describe("kimi", () => {
  it.live("writes usage errors to stderr alone", () =>
    Effect.map(runKimi(["models", "--jsn"]), ({ code, stderr, stdout }) => {
      assert.deepStrictEqual([code, stdout], [2, ""])
      assert.include(stderr, "--json")
    })
  )

  it.live("writes completions of every command", () =>
    Effect.map(runKimi(["--completions", "bash"]), ({ stdout }) => assert.include(stdout, "serve-mock"))
  )
})
