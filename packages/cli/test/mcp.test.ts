import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Reply from "@kimi-effect/testing/Reply"
import type * as MockServer from "@kimi-effect/testing/node/MockServer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { nameOf } from "../src/mcpName.ts"
import { mcpHttpServer } from "./mcpHttpServer.ts"
import { mcpServer } from "./mcpServer.ts"
import { decoded, withServer } from "./mockedHost.ts"
import { runKimi } from "./runKimi.ts"
import { temporaryFolder } from "./temporaryFolder.ts"

const usage = { prompt_tokens: 100, completion_tokens: 10 }

/** A chat with the tools of the server, in which the model calls one and then answers. */
const chat = (
  args: ReadonlyArray<string>,
  options: { readonly typed?: ReadonlyArray<string> } = {},
  word: string | number = "hello",
  last: Reply.Reply = Reply.text("It shouted.", { usage })
) =>
  withServer((host: MockServer.MockServer["Service"], env) =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "a server.cjs")
      writeFileSync(path, mcpServer)
      yield* host.reply(Reply.toolCalls([{ name: "shout", arguments: { word } }], { reasoning: "Shout it.", usage }))
      yield* host.reply(last)
      const mcp = `${process.execPath} "${path}"`
      const outcome = yield* runKimi(["chat", "Shout", "--mcp", mcp, ...args], { env, ...options })
      const bodies = (yield* host.requests).map(({ body }) => body)
      return { ...outcome, bodies }
    })
  )

/** Sets variables of this process, which its servers inherit. */
const withVariables = (names: ReadonlyArray<string>) => (test: Effect.Effect<void, unknown>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = { ...process.env }
      for (const name of names) process.env[name] = "of-the-test"
      return before
    }),
    () => test,
    (before) => Effect.sync(() => (process.env = before))
  )

describe("kimi chat --mcp", () => {
  it.live("gives the model the result of its call", () =>
    Effect.map(chat(["--yes", "--json"]), ({ bodies, code, stdout }) => {
      assert.strictEqual(code, 0)
      assert.strictEqual(decoded("chat", stdout).text, "It shouted.")
      assert.include(bodies[0] ?? "", '"shout"')
      assert.include(bodies[1] ?? "", "HELLO")
    })
  )

  it.live("reports what its calls have cost before one that fails", () =>
    Effect.map(chat(["--yes", "--json"], {}, "hello", Reply.unauthorized()), ({ stderr }) => {
      const { cost, tag } = JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "").error
      // 100 tokens at $3 and 10 at $15 per million.
      assert.deepStrictEqual([tag, cost], ["AuthenticationError", "$0.00045"])
    })
  )

  it.live("reports what all of its calls have used", () =>
    Effect.map(chat(["--yes", "--json"]), ({ stdout }) => {
      const { cost, usage } = decoded("chat", stdout)
      assert.deepInclude(usage, { prompt_tokens: 200, completion_tokens: 20, total_tokens: 220 })
      // 200 tokens at $3 and 20 at $15 per million.
      assert.strictEqual(cost, "$0.0009")
    })
  )

  it.live("writes no line for a turn without a text", () =>
    Effect.map(chat(["--yes"]), ({ stdout }) => assert.strictEqual(stdout, "It shouted.\n"))
  )

  it.live("names how to continue when the question whether to run a tool is left", () =>
    Effect.map(chat([], { typed: [] }), ({ bodies, code, stderr }) => {
      assert.strictEqual(code, 130)
      assert.include(stderr, "Interrupted. With --history FILE, the next chat continues a conversation.")
      assert.strictEqual(bodies.length, 1)
    })
  )

  it.live("reports to the model of arguments that the tool does not accept", () =>
    Effect.map(chat(["--yes"], {}, 5), ({ bodies, code }) => {
      assert.strictEqual(code, 0)
      assert.include(bodies[1] ?? "", "Error: ")
      assert.notInclude(bodies[1] ?? "", "HELLO")
    })
  )

  it.live("runs nothing that the user does not confirm", () =>
    Effect.map(chat([], { typed: ["n"] }), ({ bodies, stdout }) => {
      assert.include(stdout, 'Run shout {"word":"hello"} ? [y/N]')
      assert.include(bodies[1] ?? "", "The user has refused this call.")
    })
  )

  it.live("runs what the user confirms", () =>
    Effect.map(chat([], { typed: ["y"] }), ({ bodies }) => assert.include(bodies[1] ?? "", "HELLO"))
  )

  it.live("asks the host nothing without a terminal to confirm in", () =>
    Effect.map(chat([]), ({ bodies, code, stderr }) => {
      assert.deepStrictEqual([code, bodies.length], [2, 0])
      assert.include(stderr, "--yes")
    })
  )

  it.live("names --json as why nothing can be confirmed in a terminal", () =>
    Effect.map(chat(["--json"], { typed: [] }), ({ bodies, code, stderr }) => {
      assert.deepStrictEqual([code, bodies.length], [2, 0])
      assert.include(stderr, "With --json, the command asks nothing")
      assert.include(stderr, "--yes")
      assert.notInclude(stderr, "There is no terminal")
    })
  )

  it.live("gives the server no key, option or store of the environment", () => {
    const secrets = [
      "KIMI_HEADERS",
      "KIMI_BUDGET_STORE",
      "MOONSHOT_API_KEY",
      "MOONSHOT_TOKEN",
      "OPENAI_API_KEY",
      "some_api_key",
      "SomeApiKey",
      "DATABASE_URL",
      "REDIS_URL",
      "PGPASSWORD"
    ]
    const others = ["GITHUB_TOKEN", "API_KEY_FILE", "PGUSER", "MY_KIMI_NAME"]
    return withVariables([...secrets, ...others])(
      Effect.map(chat(["--yes"]), ({ bodies }) => {
        const names = new Set(/ has:([^"]*)/.exec(bodies[1] ?? "")?.[1]?.split(" "))
        assert.deepStrictEqual(
          [...secrets, ...others].filter((name) => names.has(name)),
          others
        )
      })
    )
  })

  it.live("names the tool that two servers have", () =>
    withServer((host, env) =>
      Effect.gen(function* () {
        const { url } = yield* mcpHttpServer()
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--yes", "--mcp", url, "--mcp", url], { env })
        assert.strictEqual(code, 16)
        assert.match(stderr, /ToolSchemaError: .*shout.*\n.*--mcp/)
        assert.lengthOf(yield* host.requests, 0)
      })
    )
  )

  it.live("names a server that does not start", () =>
    withServer((_, env) =>
      Effect.map(runKimi(["chat", "Hi", "--yes", "--mcp", "/nonexistent/server"], { env }), ({ code, stderr }) => {
        assert.strictEqual(code, 1)
        assert.include(stderr, "The MCP server /nonexistent/server cannot be used")
        assert.include(stderr, "there is no such program")
      })
    )
  )

  it.live("reports what a server has written that ends at its start", () =>
    withServer((host, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "dead.cjs")
        writeFileSync(path, `console.error("\\u001b[31mNo database\\u001b[0m"); process.exit(7)`)
        const args = ["chat", "Hi", "--yes", "--mcp", `${process.execPath} ${path}`]
        const { code, stderr } = yield* runKimi(args, { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "it has exited with code 7 and has written:\n  No database\n")
        assert.lengthOf(yield* host.requests, 0)
      })
    )
  )
})

describe("a server in messages", () => {
  it.live("has no secret of its command", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const path = join(yield* temporaryFolder, "dead.cjs")
        writeFileSync(path, "console.error('Refused', ...process.argv, process.env.MY_TOKEN); process.exit(7)")
        const program = `env MY_TOKEN=ghp_SECRET1 ${process.execPath} ${path}`
        const mcp = `${program} --token=SECRET2 --api-key SECRET3`
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--yes", "--json", "--mcp", mcp], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `The MCP server ${process.execPath} ${path} cannot be used`)
        assert.include(stderr, "Refused")
        assert.notInclude(stderr, "SECRET")
      })
    )
  )

  it.each([
    ["npx -y @scope/server --token abc", "npx @scope/server"],
    ["docker run -i --rm -e TOKEN=abc image", "docker run"],
    ["TOKEN=abc uvx server", "uvx server"],
    ["node --secret abc server.mjs", "node server.mjs"],
    ["serve -p abc", "serve"],
    ["bash -c 'serve --token abc'", "bash"],
    ["serve sk-0123456789", "serve <redacted>"],
    ["/usr/bin/env -i TOKEN=abc serve", "serve"],
    [String.raw`my\ server --token abc`, "my server"],
    [" https://host/a?token=abc", "https://host/a"]
  ])("has the name of %s", (server, name) => assert.strictEqual(nameOf(server), name))
})

describe("kimi chat --mcp with a URL", () => {
  it.live("gives the model the result of its call", () =>
    withServer((host, env) =>
      Effect.gen(function* () {
        const { url } = yield* mcpHttpServer()
        yield* host.reply(Reply.toolCalls([{ name: "shout", arguments: { word: "hello" } }], { reasoning: "Shout." }))
        yield* host.reply(Reply.text("It shouted."))
        const { code, stderr, stdout } = yield* runKimi(["chat", "Shout", "--mcp", url, "--yes", "--json"], { env })
        assert.strictEqual(code, 0, stderr)
        assert.strictEqual(decoded("chat", stdout).text, "It shouted.")
        const { messages } = JSON.parse((yield* host.requests)[1]?.body ?? "{}")
        assert.deepInclude(messages.at(-1), { role: "tool", content: "HELLO" })
      })
    )
  )

  it.effect("ends a second after its answer where the server does not end the session", () =>
    withServer((host, env) =>
      Effect.gen(function* () {
        const isEnding = yield* Deferred.make<void>()
        const { url } = yield* mcpHttpServer(200, () => Deferred.doneUnsafe(isEnding, Effect.void))
        yield* host.reply(Reply.text("Hello."))
        const command = yield* Effect.forkChild(runKimi(["chat", "Hi", "--mcp", url, "--yes"], { env }))
        yield* Deferred.await(isEnding)
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* Fiber.join(command)).code, 0)
      })
    )
  )

  it.live("names a server that refuses its requests", () =>
    withServer((host, env) =>
      Effect.gen(function* () {
        const { url } = yield* mcpHttpServer(500)
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--mcp", `${url}?token=secret`, "--yes"], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, `The MCP server ${url} cannot be used`)
        assert.notInclude(stderr, "secret")
        assert.lengthOf(yield* host.requests, 0)
      })
    )
  )

  it.live.each(["http://u:SECRET@HOST/", "HTTPS://SECRET@HOST", " http://u:SECRET@HOST/", "http://u:SE/CRET@HOST/"])(
    "refuses the user or password of %s without printing it",
    (url) =>
      withServer((host, env) =>
        Effect.gen(function* () {
          const args = ["chat", "Hi", "--yes", "--mcp", url.replace("HOST", "127.0.0.1:9")]
          const { code, stderr } = yield* runKimi(args, { env })
          assert.strictEqual(code, 2, stderr)
          assert.include(stderr, "--mcp: expected ")
          assert.notMatch(stderr, /SECRET|CRET@/)
          assert.lengthOf(yield* host.requests, 0)
        })
      )
  )

  it.live("prints no user or password of a URL that a command has", () =>
    withServer((_, env) =>
      Effect.gen(function* () {
        const server = "/nonexistent/server 'postgres://u:SECRET@host/db' --to https://u:SECRET@host/"
        const { code, stderr } = yield* runKimi(["chat", "Hi", "--yes", "--mcp", server], { env })
        assert.strictEqual(code, 1)
        assert.include(stderr, "The MCP server /nonexistent/server postgres://host/db cannot")
        assert.notInclude(stderr, "SECRET")
      })
    )
  )
})
